"""The `evenflow` command: wires the sub-commands (`api.cli.entry` runs it)."""

from __future__ import annotations

from importlib.metadata import version

import typer

from api.cli.aftersales import aftersales
from api.cli.audit import audit
from api.cli.backup import backup, restore
from api.cli.box import box
from api.cli.buyers import buyers
from api.cli.candidates import candidates
from api.cli.checkpoints import checkpoints
from api.cli.compare import compare
from api.cli.credit import credit
from api.cli.db import db
from api.cli.decide import decide, select
from api.cli.demo import demo
from api.cli.density import density
from api.cli.dispatch import dispatch, dispatch_link
from api.cli.doctor import doctor
from api.cli.exceptions import exceptions
from api.cli.explode import explode
from api.cli.forecast import forecast
from api.cli.group_orders import group_orders
from api.cli.ingest import forget, ingest
from api.cli.keys import app as keys
from api.cli.launch import launch
from api.cli.load import load
from api.cli.match import match
from api.cli.match_replay import match_replay
from api.cli.match_two_sided import match_two_sided
from api.cli.offers import offers
from api.cli.order import order
from api.cli.outcomes import outcomes, reliability
from api.cli.override import override
from api.cli.plan import plan
from api.cli.prices import prices
from api.cli.promote import promote
from api.cli.quote import quote
from api.cli.reach import reach
from api.cli.relate import handover, relate
from api.cli.replan import replan
from api.cli.replay import replay
from api.cli.replay_decision import replay_decision
from api.cli.reserve import reserve
from api.cli.rollback import rollback
from api.cli.run import run_command
from api.cli.score import score
from api.cli.score_rights import opt_out, review
from api.cli.scorecard import scorecard
from api.cli.sell_in import sell_in_command
from api.cli.serve import serve_command
from api.cli.settle import settle, statement
from api.cli.ties import neighbours, path
from api.cli.train import train
from api.cli.trust import trust
from api.cli.wave import wave
from api.cli.webhooks import app as webhooks
from api.cli.whatif import whatif
from api.cli.why import why
from api.cli.worker import worker

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


app.command("aftersales")(aftersales)
app.command("audit")(audit)
app.command("backup")(backup)
app.command("box")(box)
app.command("buyers")(buyers)
app.command("candidates")(candidates)
app.command("checkpoints")(checkpoints)
app.command("compare")(compare)
app.command("credit")(credit)
app.command("db")(db)
app.command("decide")(decide)
app.command("demo")(demo)
app.command("density")(density)
app.command("dispatch")(dispatch)
app.command("dispatch-link")(dispatch_link)
app.command("doctor")(doctor)
app.command("exceptions")(exceptions)
app.command("explode")(explode)
app.command("forecast")(forecast)
app.command("forget")(forget)
app.command("group-orders")(group_orders)
app.command("handover")(handover)
app.command("ingest")(ingest)
app.add_typer(keys, name="keys")
app.add_typer(webhooks, name="webhooks")
app.command("launch")(launch)
app.command("load")(load)
app.command("match")(match)
app.command("match-replay")(match_replay)
app.command("match-two-sided")(match_two_sided)
app.command("offers")(offers)
app.command("order")(order)
app.command("opt-out")(opt_out)
app.command("outcomes")(outcomes)
app.command("override")(override)
app.command("neighbours")(neighbours)
app.command("path")(path)
app.command("plan")(plan)
app.command("prices")(prices)
app.command("promote")(promote)
app.command("quote")(quote)
app.command("reach")(reach)
app.command("relate")(relate)
app.command("reliability")(reliability)
app.command("replan")(replan)
app.command("replay")(replay)
app.command("replay-decision")(replay_decision)
app.command("reserve")(reserve)
app.command("review")(review)
app.command("restore")(restore)
app.command("rollback")(rollback)
app.command("run")(run_command)
app.command("score")(score)
app.command("scorecard")(scorecard)
app.command("select")(select)
app.command("sell-in")(sell_in_command)
app.command("serve")(serve_command)
app.command("settle")(settle)
app.command("statement")(statement)
app.command("train")(train)
app.command("trust")(trust)
app.command("whatif")(whatif)
app.command("wave")(wave)
app.command("why")(why)
app.command("worker")(worker)
