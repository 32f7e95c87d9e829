"""`--seed` on every command."""

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from api.cli.main import app

COMMANDS = sorted(
    name
    for name, command in get_command(app).commands.items()  # type: ignore[attr-defined]
    if any("--seed" in parameter.opts for parameter in command.params)
)


def test_every_command_that_computes_takes_a_seed() -> None:
    """Also those that draw nothing."""
    computing = {"buyers", "demo", "forecast", "load", "match", "plan", "replay", "run", "scorecard", "trust"}
    assert computing <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_negative_seed_is_refused(command: str) -> None:
    """As an option out of range, before any file is read."""
    done = CliRunner().invoke(app, [command, "--seed", "-1"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert done.exit_code == 2
    assert "Invalid value for '--seed'" in done.output
