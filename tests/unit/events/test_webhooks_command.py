"""`evenflow webhooks`: the operator looks at what was not taken, and sends it again."""

import json

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, UnknownIdError
from services.viewer import Viewer
from services.webhooks import create_webhook
from store.database import Database
from store.engines import default_url
from store.schema.webhooks import DELIVERIES


@pytest.fixture
def house(tmp_path):
    """A home with a webhook that took the first of four events: two are dead, one waits."""
    database = Database.open(default_url(tmp_path))
    made = create_webhook(
        database, Viewer("alpha"), "https://erp.example.com/in", ("plan",), targets="public", now_ms=1
    )
    row = {"webhook_id": made.id, "tenant": "alpha", "subject": "s", "attempts": 10, "next_at_ms": 0}
    row |= {"answer": "HTTP 500", "updated_at_ms": 1}
    rows = [
        row | {"position": n, "state": state} for n, state in enumerate(("delivered", "dead", "dead", "waiting"), 1)
    ]
    database.write(lambda connection: connection.execute(insert(DELIVERIES), rows))
    database.close()

    def run(*arguments):
        done = CliRunner().invoke(app, ["webhooks", *arguments, "--home", str(tmp_path)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run, made


def states(run, made, *more):
    told = json.loads(run("deliveries", made.id, "--json", *more).stdout)["deliveries"]
    return [(one["number"], one["state"]) for one in told]


def test_what_is_dead_is_found_and_sent_again(house):
    """By number, whatever became of it, or all that is dead; the secret is never shown."""
    run, made = house
    (told,) = json.loads(run("list", "--json").stdout)["webhooks"]
    assert (told["id"], told["tenant"], "secret" in told) == (made.id, "alpha", False)
    assert states(run, made, "--state", "dead") == [(3, "dead"), (2, "dead")]
    assert "500" in run("deliveries", made.id).stdout
    assert json.loads(run("resend", made.id, "1", "--json").stdout) == {"webhook": made.id, "sent_again": 1}
    assert json.loads(run("resend", made.id, "--dead", "--json").stdout)["sent_again"] == 2
    assert states(run, made) == [(number, "waiting") for number in (4, 3, 2, 1)]
    assert json.loads(run("resend", made.id, "--dead", "--json").stdout)["sent_again"] == 0


def test_wrong_input_is_told(house):
    """Which option, what was expected, what came."""
    run, made = house
    for arguments, error, told in (
        (("resend", made.id), InputError, "resend: expected the number of an event, or --dead, got neither"),
        (("resend", made.id, "1", "--dead"), InputError, "got both"),
        (("resend", made.id, "9"), UnknownIdError, "unknown delivery 9"),
        (("resend", "wh-none", "--dead"), UnknownIdError, "unknown webhook wh-none"),
        (("deliveries", "wh-none"), UnknownIdError, "unknown webhook wh-none"),
        (("deliveries", made.id, "--state", "lost"), InputError, "--state: expected one of waiting, delivered, dead"),
    ):
        with pytest.raises(error, match=told):
            run(*arguments)
