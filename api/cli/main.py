"""The `evenflow` command: wires the sub-commands and turns errors into one line and an exit code."""

from __future__ import annotations

import sys
import tempfile
import traceback
from importlib.metadata import version
from typing import NoReturn

import typer

from api.cli.demo import demo
from api.cli.forecast import forecast
from api.cli.load import load
from api.cli.match import match
from api.cli.plan import plan
from api.cli.replay import replay
from api.cli.scorecard import scorecard
from api.cli.serve import serve_command
from api.cli.trust import trust
from contracts.errors import EvenflowError

app = typer.Typer(
    name="evenflow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Matches supply and demand and turns social demand into level-loaded factory orders.",
)


def _version(value: bool) -> None:  # noqa: FBT001 (typer's callback shape)
    if value:
        typer.echo(version("evenflow"))
        raise typer.Exit


@app.callback()
def _root(
    show_version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: FBT001
) -> None:
    del show_version


app.command("demo")(demo)
app.command("forecast")(forecast)
app.command("load")(load)
app.command("match")(match)
app.command("plan")(plan)
app.command("replay")(replay)
app.command("scorecard")(scorecard)
app.command("serve")(serve_command)
app.command("trust")(trust)


def run() -> None:
    """Run the command line; exit 2 on wrong input, 1 on a failure that is not the user's, 130 on Ctrl-C."""
    try:
        app()
    except EvenflowError as error:
        _end(str(error), 2)
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except (OSError, MemoryError) as error:
        _end(" ".join(str(error).split()) or "out of memory", 1)
    except Exception as error:  # noqa: BLE001 (the last fence: one line for the user, the trace for us)
        _end(f"failed unexpectedly ({_first_line(error)}); please report it with {_kept_trace()}", 1)


def _end(message: str, exit_code: int) -> NoReturn:
    typer.echo(f"evenflow: {message}", err=True)
    sys.exit(exit_code)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _kept_trace() -> str:
    """Keep the trace of the error at hand in a file and return its name."""
    with tempfile.NamedTemporaryFile("w", prefix="evenflow-trace-", suffix=".txt", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
