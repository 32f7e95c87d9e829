"""What a tenant sends and computes is its own: jobs, plans, orders, signals."""

import time

import pytest

PLAN = {
    "demand": [{"item": "alpha-soap", "bucket": f"2026-03-{day:02d}", "y": 100} for day in (2, 9)],
    "resources": [{"resource": "alpha-line", "bucket": f"2026-03-{day:02d}", "capacity": 40} for day in (2, 9)],
    "routes": [{"item": "alpha-soap", "route": "main", "step": 1, "resource": "alpha-line", "hours_per_unit": 0.2}],
}


@pytest.fixture(scope="module")
def alpha(asking):
    """A client of tenant alpha."""
    return asking("admin", tenant="alpha")


@pytest.fixture(scope="module")
def job(alpha) -> dict:
    """A plan that alpha computed."""
    job = alpha.post("/v1/plans", json=PLAN).json()
    deadline = time.monotonic() + 120
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        job = alpha.get(f"/v1/jobs/{job['id']}").json()
    assert job["state"] == "succeeded", job
    return job


def test_a_job_is_known_to_its_tenant_and_the_operator_only(job, alpha, asking):
    """Others are told that there is no such id; it is in no list of theirs and they cannot cancel it."""
    beta, party = asking("admin", tenant="beta"), asking("party", tenant="alpha", party="alpha-store")
    table = next(iter(job["tables"]))
    for path in (f"/v1/jobs/{job['id']}", f"/v1/jobs/{job['id']}/tables/{table}"):
        assert alpha.get(path).status_code == 200
        assert asking().get(path).status_code == 200
        assert beta.get(path).status_code == 404
        assert party.get(path).status_code == 404
    assert beta.delete(f"/v1/jobs/{job['id']}").status_code == 404
    assert beta.get("/v1/jobs").json()["jobs"] == []
    assert [each["id"] for each in alpha.get("/v1/jobs").json()["jobs"]] == [job["id"]]


def test_signals_of_a_tenant_are_kept_in_its_own_folder(alpha, asking, folder):
    """Sent twice by different tenants, the same signal is new to each."""
    signal = {
        "source": "shop", "content_id": "c1", "style_id": "st", "kind": "like", "count": 3, "unit": "events",
        "signal_time": "2026-03-01T10:00:00+08:00", "period_seconds": 3600, "observed_at": "2026-03-01T11:00:00+08:00",
    }  # fmt: skip
    told = [
        client.post("/v1/signals", json={"signals": [signal]}) for client in (alpha, asking("admin", tenant="beta"))
    ]
    assert [answer.status_code for answer in told] == [200, 200], told[0].text
    assert [answer.json()["applied"] for answer in told] == [1, 1]
    assert len(list((folder / "tenants").iterdir())) >= 2


def test_the_operator_may_look_with_a_tenants_eyes_and_a_tenant_with_no_others(asking, alpha):
    """`Evenflow-Tenant` narrows, never widens."""
    operator = asking()
    assert operator.get("/v1/parties/beta-store").status_code == 200
    assert operator.get("/v1/parties/beta-store", headers={"Evenflow-Tenant": "alpha"}).status_code == 404
    refused = alpha.get("/v1/parties/alpha-store", headers={"Evenflow-Tenant": "beta"})
    assert refused.status_code == 403


def test_a_party_sees_whom_it_deals_with_and_no_other_of_its_own_tenant(asking):
    """The store knows its distributor, but not the brand behind it; the brand not the store behind the distributor."""
    store = asking("party", tenant="beta", party="beta-store")
    assert store.get("/v1/parties/beta-store").status_code == 200
    assert store.get("/v1/parties/beta-distributor").status_code == 200
    assert store.get("/v1/parties/beta-brand").status_code == 404
    brand = asking("party", tenant="beta", party="beta-brand")
    assert brand.get("/v1/parties/beta-store").status_code == 404
    assert "beta-store" not in brand.get("/v1/parties/beta-distributor").text


def test_each_is_told_of_its_own_exceptions(asking):
    """A tenant and a party of what touches its lines, the operator of everything; only the operator closes."""
    told = {
        who: [one["subject"] for one in client.get("/v1/exceptions").json()["exceptions"] if one["kind"] == "idle"]
        for who, client in {
            "operator": asking(),
            "beta": asking("admin", tenant="beta"),
            "brand": asking("party", tenant="beta", party="beta-brand"),
            "store": asking("party", tenant="beta", party="beta-store"),
        }.items()
    }
    told["operator"].sort()
    assert told == {"operator": ["alpha-line", "beta-line"], "beta": ["beta-line"], "brand": ["beta-line"], "store": []}
    beta = asking("admin", tenant="beta")
    assert beta.get("/v1/exceptions/closings").status_code == 403
    assert beta.post("/v1/exceptions/exc-1/close", json={"done": "well"}).status_code == 403
