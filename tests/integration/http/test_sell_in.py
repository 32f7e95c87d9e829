"""Sell-in over HTTP and on the command line of a loaded network: the same check, and who sees what."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.main import app
from api.http.app import create_app
from api.settings import Settings
from benchmarks.sell_in import simulated
from contracts.errors import InputError, NotReadyError
from store.home import TABLES, Home

PARTIES = [
    {"id": "brand", "kind": "brand", "tenant": "b"},
    {"id": "rival", "kind": "brand", "tenant": "r"},
    {"id": "d/stuffed", "kind": "distributor", "tenant": "d"},
    {"id": "d-honest", "kind": "distributor", "tenant": "d"},
    {"id": "d-elsewhere", "kind": "distributor", "tenant": "x"},
    {"id": "s1", "kind": "store", "tenant": "d"},
]
RELATIONS = [
    {"src": supplier, "dst": distributor, "kind": "supplies", "weight": 1.0}
    for supplier in ("brand", "rival")
    for distributor in ("d/stuffed", "d-honest")
]


def _flows() -> dict[str, pd.DataFrame]:
    """One stuffed by a brand, one honest; a rival sends one piece a day to the stuffed one."""
    into, out, days, kinds = simulated(1, 1)
    tables = {}
    for name, values in (("sell_in", into), ("sell_through", out)):
        rows = [
            pd.DataFrame({"distributor_id": party, "ds": days, "pieces": values[kinds.index(kind)]})
            for party, kind in (("d/stuffed", "steady surplus"), ("d-honest", "weekly"))
        ]
        tables[name] = pd.concat(rows).assign(supplier_id="brand")
    extra = pd.DataFrame({"distributor_id": "d/stuffed", "ds": days, "pieces": 1.0, "supplier_id": "rival"})
    return {**tables, "sell_in": pd.concat([tables["sell_in"], extra])}


def _publish(root: Path, tables: dict[str, pd.DataFrame]) -> None:
    raw = {"parties": pd.DataFrame(PARTIES), "relations": pd.DataFrame(RELATIONS), **tables}
    Home(root).publish({name: TABLES[name].check(frame) for name, frame in raw.items()})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two distributors' flows."""
    root: Path = tmp_path_factory.mktemp("sell-in")
    _publish(root, _flows())
    return root


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    """A client of a server over them."""
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as client:
        yield client


def _read(client: TestClient, party: str, tenant: str | None = None, **params: str):
    headers = {"Evenflow-Tenant": tenant} if tenant else {}
    return client.get(f"/v1/parties/{party}/sell-in", params=params, headers=headers)


def _command(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["sell-in", *map(str, arguments), "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_the_owner_sees_everything_and_the_same_figures_as_the_command(client, home, tmp_path):
    """Score, range and reasons of the route are those of `evenflow sell-in --home`; months add up to the total."""
    out = tmp_path / "checks.csv"
    assert json.loads(_command("--home", home, "--out", out))["stuffing"] == ["d/stuffed"]
    checks = pd.read_csv(out).set_index("distributor_id")
    for party in ("d/stuffed", "d-honest"):
        card = _read(client, party, "d").json()
        assert (card["scope"], card["reason"]) == ("all", "")
        row = checks.loc[party]
        assert card["check"]["stuffing"] == row["stuffing"] == (party == "d/stuffed")
        assert card["check"]["reasons"] == row["reasons"]
        for name in ("score", "low", "high", "excess_months", "bullwhip"):
            assert card["check"][name] == pytest.approx(row[name])
        assert sum(month["sell_in"] or 0 for month in card["months"]) == pytest.approx(row["sell_in"])


def test_a_supplier_sees_its_own_shipments_alone(client):
    """The brand's goods are checked; of the rival's shipments, whose sales nobody names, only the pieces are told."""
    brand, rival = (_read(client, "d/stuffed", tenant).json() for tenant in ("b", "r"))
    everything = _read(client, "d/stuffed").json()
    assert (brand["scope"], brand["check"]["stuffing"]) == ("own goods", True)
    assert everything["check"]["sell_in"] - brand["check"]["sell_in"] == 547
    assert rival["check"] is None
    assert "sell-through" in rival["reason"]
    assert {month["sell_through"] for month in rival["months"]} == {None}
    assert sum(month["sell_in"] for month in rival["months"]) == 547


def test_who_may_not_know_of_a_distributor_is_told_of_none(client):
    """404 for a stranger and for nobody alike; a visible distributor without shipments has no check."""
    assert _read(client, "d-honest", "x").status_code == 404
    assert _read(client, "nobody").status_code == 404
    card = _read(client, "d-elsewhere").json()
    assert (card["months"], card["check"]) == ([], None)


def test_days_after_the_day_asked_for_do_not_count(client):
    """Seen from three months after the start there is too little to score, and no later month is listed."""
    card = _read(client, "d-honest", as_of="2024-03-31").json()
    assert [month["month"] for month in card["months"]] == ["2024-01", "2024-02", "2024-03"]
    assert (card["check"]["score"], card["check"]["as_of"]) == (None, "2024-03-31")
    assert "3 whole months, 6 needed" in card["check"]["reasons"]
    before = _read(client, "d-honest", as_of="2020-01-01").json()
    assert (before["check"], before["months"]) == (None, [])
    assert "rows until 2020-01-01" in before["reason"]


def test_without_sell_through_what_the_stores_sold_counts_in_equal_parts(tmp_path):
    """Two distribute to the store until one's tie ends: each is told half, then one all; without stores, none is."""
    days = pd.date_range("2024-01-01", periods=220)
    into = pd.DataFrame(
        {"distributor_id": np.repeat(["d/stuffed", "d-honest"], 220), "ds": [*days, *days], "pieces": 5}
    )
    sales = pd.DataFrame({"unique_id": "soap@s1", "ds": days, "y": 8.0, "store_id": "s1"})
    ties = [{"src": party, "dst": "s1", "kind": "distributes", "weight": 1.0} for party in ("d/stuffed", "d-honest")]
    for ended, expected in ((None, [4 * 220.0] * 2), ("2024-02-01", [8 * 220.0, 0.0])):
        relations = pd.DataFrame(ties).assign(valid_to=[None, ended])
        _publish(tmp_path, {"sell_in": into, "sales": sales, "relations": relations})
        _command("--home", tmp_path, "--out", tmp_path / "checks.csv")
        checks = pd.read_csv(tmp_path / "checks.csv").set_index("distributor_id")
        assert checks.loc[["d/stuffed", "d-honest"], "sell_through"].tolist() == expected
    _publish(tmp_path, {"sell_in": into, "sales": sales})
    with pytest.raises(NotReadyError, match="no sell-through"):
        _command("--home", tmp_path, "--out", tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_files_come_in_pairs_and_not_beside_a_home(home, tmp_path):
    """One file alone, files beside a home, a network without shipments: each is refused."""
    file = tmp_path / "in.csv"
    file.write_text("distributor_id,ds,pieces\na,2024-01-01,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"expected both, or neither .* got --sell-in alone"):
        _command("--sell-in", file, "--out", tmp_path / "o.csv")
    with pytest.raises(InputError, match="--home: expected no files beside it"):
        _command("--sell-in", file, "--sell-through", file, "--home", home, "--out", tmp_path / "o.csv")
    _publish(tmp_path / "empty", {})
    with pytest.raises(NotReadyError, match=r"add sell_in\.csv"):
        _command("--home", tmp_path / "empty", "--out", tmp_path / "o.csv")


def test_shipments_are_loaded_and_a_stranger_goes_to_quarantine(tmp_path):
    """`evenflow load` takes both files; a row of a distributor that is no party is put aside with its reason."""
    files = {"parties": pd.DataFrame(PARTIES), **{name: rows[:40] for name, rows in _flows().items()}}
    files["sell_in"] = pd.concat([files["sell_in"][:39], files["sell_in"][:1].assign(distributor_id="ghost")])
    (tmp_path / "net").mkdir()
    for name, frame in files.items():
        frame.to_csv(tmp_path / "net" / f"{name}.csv", index=False)
    done = CliRunner().invoke(app, ["load", str(tmp_path / "net"), "--home", str(tmp_path / "home"), "--json"])
    figures = json.loads(done.stdout)
    assert (figures["sell_in"], figures["sell_through"], figures["quarantined"]) == (39, 40, {"sell_in": 1})
    assert "distributor_id: expected the id of a party, got ghost" in figures["first_reasons"]["sell_in"]
