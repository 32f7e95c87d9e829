"""`evenflow replay-decision`: compute a decision that held capacity again, from what was kept with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.opened import opened_database
from api.cli.output import emit
from contracts.errors import EvenflowError

__all__ = ["replay_decision"]


def replay_decision(
    decision_id: Annotated[str, typer.Argument(help="The decision, or the reservation it led to.")],
    *,
    tenant: Annotated[str | None, typer.Option(help="Who asks; the operator without it.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder with the database; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decide again from the candidates, what was left, the prices and the versions of then; exit 2 if it differs.

    Example: evenflow replay-decision res-0199a1b2c3d4
    """
    del seed
    from services.replay_decision import replay_decision as replay
    from services.viewer import Viewer

    with opened_database(home) as database:
        found = replay(database, decision_id, viewer=Viewer(tenant))
    emit(found, as_json=as_json, title="Decision")
    if not found["same"]:
        raise EvenflowError(f"{found['id']}: decided otherwise now than then; this program is not the one that decided")
