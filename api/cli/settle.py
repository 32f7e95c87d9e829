"""`evenflow settle`: sales and agreed rules → a ledger; `evenflow statement`: what one party is owed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.live_ledger import book_live, require_live, state_live
from api.cli.output import emit
from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from services.settle_sales import Told
    from settlement.rules import ShareRules

__all__ = ["settle", "statement"]

_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Sales = Annotated[Path, typer.Option(help="Sales: sale_id, sold_at, price_fen, cost_fen[, pieces …], roles.")]
_Rules = Annotated[Path, typer.Option(help="TOML with the agreement: rest, [[rules]], [[discounts]], [attribution].")]
_Out = Annotated[Path, typer.Option(help="The ledger to write, earlier entries first; with --preview the shares.")]
_Returns = Annotated[Path | None, typer.Option(help="Returns: return_id, sale_id, returned_at[, pieces, kind].")]
_Touches = Annotated[Path | None, typer.Option(help="Touches: journey_id, touched_at, channel, party_id.")]
_Bindings = Annotated[Path | None, typer.Option(help="Bindings: binding_id, party_id, starts_on[, ends_on].")]
_Parties = Annotated[Path | None, typer.Option(help="Parties: party_id[, left_on, successor_id, referred_by].")]
_Ledger = Annotated[Path | None, typer.Option(help="Ledger so far: sales and returns in it are not booked again.")]
_Totals = Annotated[Path | None, typer.Option(help="New entries by party, role and kind to write.")]
_Refused = Annotated[Path | None, typer.Option(help="Rows that were not booked, with the reason, to write.")]
_Preview = Annotated[bool, typer.Option("--preview", help="Show what each party would get and pay; book nothing.")]
_Live = Annotated[
    bool,
    typer.Option("--live", help="Book into the database of the home, as POST /v1/settlements; --out: new entries."),
]
_LiveStatement = Annotated[bool, typer.Option("--live", help="From the database of the home instead of a file.")]
_Home = Annotated[Path | None, typer.Option(help="With --live: the home; EVENFLOW_HOME by default.")]
_Tenant = Annotated[str | None, typer.Option(help="With --live: who asks; the operator without it.")]
_Strict = Annotated[bool, typer.Option("--strict", help="Book nothing if any row cannot be booked.")]


def settle(
    *,
    sales: _Sales,
    rules: _Rules,
    out: _Out,
    returns: _Returns = None,
    touches: _Touches = None,
    bindings: _Bindings = None,
    parties: _Parties = None,
    ledger: _Ledger = None,
    totals: _Totals = None,
    quarantine: _Refused = None,
    preview: _Preview = False,
    live: _Live = False,
    home: _Home = None,
    tenant: _Tenant = None,
    strict: _Strict = False,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Divide each sale's margin by agreed rules, to the fen; take back what is returned; book each row once.

    Example: evenflow settle --sales sales.csv --rules rules.toml --returns returns.csv --out ledger.csv --json
    """
    from services.settle_files import read_ledger, read_told
    from services.settle_sales import settle_sales
    from settlement.rule_files import read_rules

    del seed
    _check_outputs((out, totals, quarantine), (sales, rules, returns, touches, bindings, parties, ledger))
    _check_live(live=live, preview=preview, ledger=ledger, home=home, tenant=tenant)
    agreed = read_rules(rules)
    frame, told = read_told(sales, returns=returns, touches=touches, bindings=bindings, sellers=parties)
    if preview:
        _preview(frame, agreed, told, out, as_json=as_json)
        return
    if live:
        rules_hash, found = book_live(frame, agreed, told, home=home, tenant=tenant, strict=strict)
        head = {"rules_hash": rules_hash}
    else:
        before = None if ledger is None else read_ledger(ledger)
        head, found = {}, settle_sales(frame, agreed, told, ledger=before, strict=strict)
    _write({out: found.entries if live else found.ledger, totals: found.totals, quarantine: found.refused})
    emit(head | found.summary | {"out": str(out)}, as_json=as_json, title="Settled")


def _check_live(*, live: bool, preview: bool, ledger: Path | None, home: Path | None, tenant: str | None) -> None:
    if not live:
        require_live({"--home": home, "--tenant": tenant})
    elif preview or ledger is not None:
        got = "--preview" if preview else "--ledger"
        raise InputError("--live", "neither --preview nor --ledger with it", got)


def _write(tables: dict[Path | None, pd.DataFrame]) -> None:
    from services.files import write_table

    for path, table in tables.items():
        if path is not None:
            write_table(table, path)


def _check_outputs(outputs: tuple[Path | None, ...], inputs: tuple[Path | None, ...]) -> None:
    from services.files import check_writable

    before = [path for path in inputs if path is not None]
    for path in outputs:
        if path is not None:
            check_writable(path, *before)
            before.append(path)


def _preview(frame: object, rules: ShareRules, told: Told, out: Path, *, as_json: bool) -> None:
    from services.files import write_table
    from services.settle_sales import preview_sales

    shares, summary = preview_sales(frame, rules, told)
    write_table(shares, out)
    emit(summary | {"out": str(out)}, as_json=as_json, title="Preview: nothing is booked")


def statement(
    party: Annotated[str, typer.Argument(help="Whose statement.")],
    *,
    ledger: Annotated[Path | None, typer.Option(help="Ledger that `evenflow settle` wrote.")] = None,
    live: _LiveStatement = False,
    home: _Home = None,
    tenant: _Tenant = None,
    out: Annotated[Path, typer.Option(help="The party's entries to write.")],
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Write what one party got and gave back in a period, entry by entry, and print its balance.

    Example: evenflow statement kol-7 --ledger ledger.csv --from 2026-03-01 --to 2026-03-31 --out statement.csv
    """
    from services.files import check_writable, write_table
    from services.settle_files import party_statement, read_ledger

    del seed
    if (ledger is None) != live:
        raise InputError("--ledger", "either --ledger or --live", "both" if live else "neither")
    if not live:
        require_live({"--home": home, "--tenant": tenant})
    check_writable(out, ledger)
    if since is not None and until is not None and until < since:
        raise InputError("--to", f"a day from {since:%Y-%m-%d} on", f"{until:%Y-%m-%d}")
    if ledger is None:
        entries, summary = state_live(party, since=since, until=until, home=home, tenant=tenant)
    else:
        entries, summary = party_statement(read_ledger(ledger), party, since=since, until=until)
    write_table(entries, out)
    emit(summary | {"out": str(out)}, as_json=as_json, title=f"Statement of {party}")
