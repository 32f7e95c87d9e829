"""Scorecards of buyers from the ledger of their trades: payment, cancellations, disputes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.scorecards.cards import Cards
from graph.scorecards.days import days_between
from graph.scorecards.evidence import ThirdParties
from graph.scorecards.means import Mean, smoothed_mean
from graph.scorecards.params import ScorecardParams
from graph.scorecards.rates import Groups, Observations, Rate, smoothed_rate
from graph.scorecards.trades import days_unless_open, invoices_known, trades_known

__all__ = ["BUYER_ASPECTS", "BUYER_COLUMNS", "BUYER_RATES", "buyer_scorecards"]

BUYER_COLUMNS = (
    "buyer_id",
    "n",
    "reliability",
    "buyer_low",
    "rank",
    "days_to_pay",
    "days_beyond_terms",
    "late_share",
    "cancel_rate",
    "dispute_rate",
    "dispute_lost_share",
    "open_invoices",
)
BUYER_RATES = ("reliability", "late_share", "cancel_rate", "dispute_rate", "dispute_lost_share", "rating")
BUYER_ASPECTS = ("payment", "cancellation", "dispute")
_TOLD_BY = {
    "reliability": ("payment",),
    "late_share": ("payment",),
    "cancel_rate": ("cancellation",),
    "dispute_rate": ("dispute",),
}
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def buyer_scorecards(
    ledger: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    groups: pd.Series | None = None,
    evidence: pd.DataFrame | None = None,
    params: ScorecardParams | None = None,
) -> Cards:
    """Return one scorecard per buyer, the most reliable first.

    Parameters
    ----------
    ledger
        Frame with the types of `graph.credit.tables.LEDGER`, without duplicates (`graph.credit.checks`).
    as_of
        The day the scorecards are for; what happened after it is not looked at.
    groups
        Group by buyer id (its kind and region): buyers of a group are each other's prior. Without it all are one.
    evidence
        What third parties say (`graph.scorecards.tables.EVIDENCE`): ``payment`` (1 = always on time) counts into
        `reliability` and `late_share`, ``cancellation`` and ``dispute`` (1 = never) into theirs, opinions into
        `rating`.
    params
        How evidence counts; a trade counts as a delivery does for suppliers.

    Returns
    -------
    Cards
        Its `frame`: ``buyer_id``, ``n`` (trades decided), ``reliability`` (probability that a trade goes well: the
        buyer does not cancel, pays by the due day, loses no dispute), ``buyer_low`` (its 10 % posterior quantile: the
        ranking key), ``rank``, ``days_to_pay`` (open invoices by what invoices of their age took in the end),
        ``days_beyond_terms`` (the same against the due day, negative = early), ``late_share`` (of the invoices whose
        due day is over), ``cancel_rate``, ``dispute_rate`` (of the trades with goods), ``dispute_lost_share`` (of the
        disputes decided), ``open_invoices``; then ranges, evidence and its origins as in
        `graph.scorecards.suppliers.scorecards`. NaN where nothing is known of anybody.
    """
    params = params or ScorecardParams()
    bills = invoices_known(ledger, as_of)
    trades = trades_known(ledger, as_of)
    ids = _buyers(trades, bills, evidence, as_of)
    said = ThirdParties(evidence, ids, as_of, params)
    late = _late(bills, as_of)
    of_buyer = np.zeros(len(ids), dtype=np.int64)
    if groups is not None:
        of_buyer = pd.factorize(groups.reindex(ids).fillna(""))[0].astype(np.int64)
    by_trade = _groups(ids.get_indexer(trades["buyer"]), trades["at"], of_buyer, as_of, params)
    due = bills["due_at"].where(bills["due_at"].notna(), bills["invoiced_at"])
    by_bill = _groups(ids.get_indexer(bills["buyer"]), due, of_buyer, as_of, params)
    rates = _rates(trades, late, by_trade, by_bill, said=said, went_well=_went_well(trades, bills, late), params=params)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "n": np.bincount(by_trade.party, minlength=len(ids)),
        "open_invoices": np.bincount(by_bill.party[bills["open"].to_numpy()], minlength=len(ids)),
    }
    columns |= _payment(bills, by_bill, params)
    for rate in rates:
        columns |= rate.columns()
    columns["buyer_low"] = columns["reliability_low"]
    frame = _ranked(pd.DataFrame({"buyer_id": pd.Series(ids, dtype="str"), **columns}))
    return Cards(kind="buyer", as_of=as_of, ids=ids, rates=tuple(rates), frame=frame)


def _rates(
    trades: pd.DataFrame,
    late: Floats,
    by_trade: Groups,
    by_bill: Groups,
    *,
    said: ThirdParties,
    went_well: Floats,
    params: ScorecardParams,
) -> list[Rate]:
    shares = {
        "reliability": went_well,
        "late_share": late,
        "cancel_rate": trades["cancelled"].to_numpy(np.float64),
        "dispute_rate": trades["disputed"].to_numpy(np.float64),
        "dispute_lost_share": trades["lost"].to_numpy(np.float64),
    }
    rates = [
        _rate(name, by_bill if name == "late_share" else by_trade, share, said, params)
        for name, share in shares.items()
    ]
    return [*rates, _rating(by_trade, said, params)]


def _buyers(trades: pd.DataFrame, bills: pd.DataFrame, evidence: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.Index:
    names = pd.Index(pd.concat([trades["buyer"], bills["buyer"]]).unique()).astype("str")
    if evidence is not None and len(evidence):
        told = evidence["aspect"].isin(BUYER_ASPECTS) & (evidence["at"] <= as_of)
        names = names.union(pd.Index(evidence.loc[told, "party_id"].unique(), dtype="str"))
    return names.sort_values()


def _groups(party: Ints, at: pd.Series, of_buyer: Ints, as_of: pd.Timestamp, params: ScorecardParams) -> Groups:
    age = np.maximum(days_between(at, as_of), 0)
    weight = np.exp2(-age / params.half_life_days)
    return Groups(party=party, group=of_buyer[party], weight=weight, n=len(of_buyer))


def _late(bills: pd.DataFrame, as_of: pd.Timestamp) -> Floats:
    """Return 1 for invoices paid after their due day (or not yet), 0 for the others, NaN before the day is over.

    Invoices that are not due yet do not count even if they are paid: only the punctual ones of them could be known.
    """
    due = bills["due_at"]
    terms = days_between(bills["invoiced_at"], due)
    over = (due < as_of).to_numpy()
    late: Floats = np.where(over, (bills["open"] | (bills["days"] > terms)).to_numpy(np.float64), np.nan)
    return late


def _went_well(trades: pd.DataFrame, bills: pd.DataFrame, late: Floats) -> Floats:
    """Return 1 for trades that went well, 0 for the others, NaN while an invoice is not due yet."""
    n = int(max(trades["trade"].max(), bills["trade"].max())) + 1 if len(trades) else 0
    number = bills["trade"].to_numpy(np.int64)
    waiting = np.bincount(number[np.isnan(late) & bills["due_at"].notna().to_numpy()], minlength=n) > 0
    unpaid = np.bincount(number, np.nan_to_num(late), n) > 0
    at = trades["trade"].to_numpy(np.int64)
    bad = (trades["cancelled"] > 0).to_numpy() | (trades["lost"] == 1).to_numpy() | unpaid[at]
    return np.where(bad, 0.0, np.where(waiting[at], np.nan, 1.0))


def _rate(name: str, rows: Groups, share: Floats, said: ThirdParties, params: ScorecardParams) -> Rate:
    own = rows.per_party(np.where(np.isnan(share), 0.0, rows.weight))
    told = said.about(_TOLD_BY.get(name, ()), own)
    if name != "reliability":  # third parties grade, 1 being the best; these rates count what went wrong
        told = Observations(good=told.n - told.good, n=told.n)
    return smoothed_rate(
        name, rows, share, prior=params.prior_deliveries, third_party=told, low=params.low, unit="trades"
    )


def _rating(rows: Groups, said: ThirdParties, params: ScorecardParams) -> Rate:
    told = said.opinions(rows.per_party(rows.weight))
    unknown = np.full(len(rows.party), np.nan)
    return smoothed_rate(
        "rating", rows, unknown, prior=params.prior_deliveries, third_party=told, low=params.low, unit="trades"
    )


def _payment(bills: pd.DataFrame, rows: Groups, params: ScorecardParams) -> dict[str, Floats]:
    days = days_unless_open(bills["days"].to_numpy(np.float64), bills["open"].to_numpy(), rows.weight)
    terms = days_between(bills["invoiced_at"], bills["due_at"])
    to_pay, beyond = (_mean(rows, value, params) for value in (days, days - terms))
    return {
        "days_to_pay": to_pay.value,
        "days_to_pay_low": np.maximum(to_pay.low, 0.0),
        "days_to_pay_high": to_pay.high,
        "days_to_pay_n": to_pay.n,
        "days_beyond_terms": beyond.value,
        "days_beyond_terms_low": beyond.low,
        "days_beyond_terms_high": beyond.high,
    }


def _mean(rows: Groups, value: Floats, params: ScorecardParams) -> Mean:
    return smoothed_mean(rows, value, prior=params.prior_deliveries, low=params.low)


def _ranked(card: pd.DataFrame) -> pd.DataFrame:
    card = card.sort_values(["buyer_low", "buyer_id"], ascending=[False, True]).reset_index(drop=True)
    card["rank"] = np.arange(1, len(card) + 1)
    first = list(BUYER_COLUMNS)
    return card[first + [name for name in card if name not in first]]
