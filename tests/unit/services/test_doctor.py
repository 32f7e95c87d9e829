"""The doctor: finds what was made wrong on purpose, and nothing in a home that is well."""

import json
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from api.cli.main import app
from services.doctor import examine
from services.keys import create_key
from store.database import Database
from store.home import TABLES, Home
from store.link_key import link_key

PARTIES = pd.DataFrame([{"id": "f1", "kind": "factory"}])
NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def home(tmp_path):
    """A home with a network and a secret."""
    root = tmp_path / "home"
    Home(root).publish({"parties": TABLES["parties"].check(PARTIES)})
    link_key(root)
    return root


@pytest.fixture
def database(home):
    """Its database, with a key."""
    database = Database.open(f"sqlite:///{home}/evenflow.db")
    create_key(database, name="k", role="admin", now_ms=NOW_MS)
    yield database
    database.close()


def a_broken_model(home: Path) -> None:
    """Roles that nobody can read."""
    (home / "models" / "demand").mkdir(parents=True)
    (home / "models" / "demand" / "roles.json").write_text("{")


def states(home: Path, database: Database, now_ms: int = NOW_MS) -> dict[str, str]:
    """Return each check's state."""
    return {finding.check: finding.state for finding in examine(home, database, now_ms=now_ms)}


def test_a_home_that_is_well(home, database):
    """Every check is well; it names each once."""
    found = examine(home, database, now_ms=NOW_MS)
    assert {finding.state for finding in found if finding.check != "network"} == {"well"}
    assert len({finding.check for finding in found}) == len(found) == 10


def test_what_is_not_there_yet_is_not_wrong(tmp_path):
    """A fresh machine: to be watched, and each line says what to do."""
    database = Database.open(f"sqlite:///{tmp_path}/no/evenflow.db")
    found = examine(tmp_path / "no", database, now_ms=NOW_MS)
    assert {finding.state for finding in found} == {"well", "watch"}
    assert all(finding.advice for finding in found if finding.state == "watch")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("check", "harm"),
    [
        ("network", lambda home: next(home.glob("versions/*/manifest.json")).unlink()),
        ("secrets", lambda home: (home / "link.key").chmod(0o644)),
        ("database", lambda home: (home / "evenflow.db").write_bytes(b"no database at all" * 100)),
        ("model demand", a_broken_model),
    ],
)
def test_harm_is_found(home, tmp_path, check, harm):
    """Exactly what was harmed is wrong, and it says what to do."""
    database = Database.open(f"sqlite:///{home}/evenflow.db")
    create_key(database, name="k", role="admin", now_ms=NOW_MS)
    database.close()
    for left in home.glob("evenflow.db-*"):
        left.unlink()
    harm(home)
    database = Database.open(f"sqlite:///{home}/evenflow.db")
    found = examine(home, database, now_ms=NOW_MS)
    database.close()
    assert [finding.check for finding in found if finding.state == "wrong"] == [check]
    assert all(finding.advice for finding in found if finding.state == "wrong")


def test_a_clock_that_went_back(home, database):
    """The newest write lies in the future."""
    from store.schema import OUTBOX

    event = {"tenant": "", "topic": "t", "subject": "s", "payload": "{}", "created_at_ms": NOW_MS}
    database.write(lambda connection: connection.execute(insert(OUTBOX), event))
    assert states(home, database)["clock"] == "well"
    assert states(home, database, NOW_MS - 60_000)["clock"] == "wrong"


def test_webhooks_that_nobody_serves(home, database):
    """An event that waits for longer than ten minutes, then one that is dead."""
    from services.viewer import Viewer
    from services.webhooks import create_webhook
    from store.schema import DELIVERIES
    from store.webhooks import change_delivery

    url = "https://erp.example.com/"
    webhook = create_webhook(database, Viewer(), url, (), targets="public", now_ms=NOW_MS)
    row = {"webhook_id": webhook.id, "position": 1, "tenant": "", "subject": "s", "state": "waiting", "attempts": 0,
           "next_at_ms": NOW_MS, "answer": "", "updated_at_ms": NOW_MS}  # fmt: skip
    database.write(lambda connection: connection.execute(insert(DELIVERIES), row))
    assert states(home, database)["webhooks"] == "well"
    assert states(home, database, NOW_MS + 601_000)["webhooks"] == "watch"
    database.write(lambda connection: change_delivery(connection, webhook.id, 1, state="dead"))
    assert states(home, database)["webhooks"] == "watch"


def test_what_waits_is_explained(home, database):
    """Which stage, how far behind and why; each parked range by its number; whose webhook, and what it answered."""
    from services.viewer import Viewer
    from services.webhooks import create_webhook
    from store.outbox import tell
    from store.schema import DELIVERIES, PARKED_WORK
    from store.stages import add_stages, claim, stumble

    for number in range(7):
        row = {"tenant": "", "stage": "prices", "from_position": number, "to_position": 9, "attempts": 5}
        row |= {"reason": f"reason {number}", "state": "parked", "parked_at_ms": NOW_MS - DAY_MS, "updated_at_ms": 0}
        database.write(lambda c, row=row: c.execute(insert(PARKED_WORK), row))
    event = {"topic": "plan.revised", "subject": "network", "payload": {"id": "plan-1"}}
    database.write(lambda c: tell(c, [event], now_ms=NOW_MS - 3_600_000))
    add_stages(database, {"prices": 0})
    stage = claim(database, "prices", worker="w", now_ms=NOW_MS, lease_ms=1000)
    stumble(database, stage, to=1, reason="no room for it", causes=[], now_ms=NOW_MS)
    webhook = create_webhook(database, Viewer(), "https://erp.example.com/in", (), targets="public", now_ms=NOW_MS)
    row = {"webhook_id": webhook.id, "position": 1, "tenant": "", "subject": "s", "state": "dead", "attempts": 10,
           "next_at_ms": 0, "answer": "500 Internal Server Error", "updated_at_ms": NOW_MS}  # fmt: skip
    database.write(lambda c: c.execute(insert(DELIVERIES), row))
    told = [f"{one.check}: {one.found} -> {one.advice}" for one in examine(home, database, now_ms=NOW_MS)]
    told = "\n".join(line for line in told if line.startswith(("flow", "webhooks")))
    assert "flow: stage prices failed 1 times, the last time: no room for it" in told
    assert "stage prices has waited for 60 minutes, 1 rows wait -> is a worker running?" in told
    assert "parked-7: stage prices gave up on the events 7 to 9 1.0 days ago, after 5 attempts: reason 6" in told
    assert "POST /v1/parked-work/7/retry" in told
    assert "2 older ranges are parked, too" in told
    assert f"webhooks: {webhook.id} (erp.example.com): 0 events wait" in told
    assert "1 are dead; the last answer: 500 Internal Server Error -> POST /v1/webhooks" in told


def test_keys_that_end_soon(home, database):
    """Ten days before."""
    create_key(database, name="short", role="router", days=30, now_ms=NOW_MS)
    assert states(home, database, NOW_MS + 10 * 86_400_000)["keys"] == "well"
    assert states(home, database, NOW_MS + 20 * 86_400_000)["keys"] == "watch"


def test_an_old_form_of_the_database_is_left_as_it_is(home, tmp_path):
    """An embedded file upgrades itself when it is used; the doctor only looks."""
    database = Database.open(f"sqlite:///{tmp_path}/old.db")
    database.upgrade("0001")
    assert states(home, database)["database"] == "watch"
    assert database.form() == "0001"
    database.close()


def test_a_newer_database_needs_a_newer_program(home, tmp_path):
    """No start upgrades it."""
    database = Database.open(f"sqlite:///{tmp_path}/new.db")
    database.upgrade()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert states(home, database)["database"] == "wrong"
    database.close()


def test_the_command_ends_as_it_found(home, database):
    """0 while all is well, 1 once something is wrong; one JSON object either way."""
    database.close()
    done = CliRunner().invoke(app, ["doctor", "--home", str(home), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["well"]) == (0, True)
    (home / "link.key").chmod(0o640)
    done = CliRunner().invoke(app, ["doctor", "--home", str(home), "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["well"]) == (1, False)
    assert "chmod 600" in CliRunner().invoke(app, ["doctor", "--home", str(home)]).stdout
