"""Scorecards of suppliers from their deliveries: smoothed, faded, ranked by what can be relied on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.scorecards.cards import Cards
from graph.scorecards.days import days_between
from graph.scorecards.deliveries import fault_pieces, observed
from graph.scorecards.evidence import ThirdParties
from graph.scorecards.lateness import LatenessModel
from graph.scorecards.means import smoothed_mean
from graph.scorecards.params import ScorecardParams
from graph.scorecards.rates import Groups, Observations, Rate, smoothed_rate

__all__ = ["ASPECTS", "COLUMNS", "RATES", "scorecards"]

COLUMNS = (
    "supplier_id",
    "n",
    "otif",
    "otif_low",
    "lead_time_bias_days",
    "fill_rate",
    "defect_ppm",
    "p_late_next",
)
RATES = (
    "otif",
    "lead_time_accuracy",
    "fill_rate",
    "defect_ppm",
    "composition_conformity",
    "p_late_next",
    "rating",
)
ASPECTS = ("on_time", "quality", "composition")
Floats = npt.NDArray[np.float64]


def scorecards(
    deliveries: pd.DataFrame,
    as_of: pd.Timestamp,
    *,
    evidence: pd.DataFrame | None = None,
    faults: pd.DataFrame | None = None,
    params: ScorecardParams | None = None,
) -> Cards:
    """Return one scorecard per supplier, the most reliable first.

    Rates are Beta posteriors whose prior is the mean of the supplier's categories (itself shrunk to the mean of all),
    defects a Gamma-Poisson one; a supplier's few deliveries stay near its category, and old ones fade.

    Parameters
    ----------
    deliveries
        Frame with the types of `graph.scorecards.tables.DELIVERIES`.
    as_of
        The day the scorecards are for; what happened after it is not looked at.
    evidence
        What third parties say (`graph.scorecards.tables.EVIDENCE`): ``on_time`` counts into `otif` and `p_late_next`,
        ``quality`` with counts into `defect_ppm`, ``composition`` into `composition_conformity`, opinions (``overall``
        and ``quality`` without counts) into `rating`.
    faults
        Faults that after-sales claims led back to parties (`graph.scorecards.tables.FAULTS`): count into `defect_ppm`.
    params
        How evidence counts.

    Returns
    -------
    Cards
        Its `frame`: ``supplier_id``, ``n`` (deliveries known), ``otif`` (probability of on time and in full),
        ``otif_low`` (its 10 % posterior quantile: the ranking key), ``lead_time_bias_days`` (days late on average,
        negative = early), ``fill_rate``, ``defect_ppm``, ``p_late_next`` (probability that the next delivery is late);
        then ``rank`` (1 = best), ``lead_time_bias_low, lead_time_bias_high`` (its range), ``lead_time_mad_days`` (mean
        absolute deviation of the delay from that bias), ``lead_time_accuracy`` (probability of arriving within the
        tolerance of the promised day), ``composition_conformity`` (probability that a piece is made of what was
        declared), ``rating``; and for each rate of `RATES` its range (``_low, _high``), its evidence (``_n``:
        deliveries or pieces, faded) and what share of it came from the supplier's own (``_own``), the category
        (``_prior``) and third parties (``_third_party``). NaN where nothing is known of anybody. Suppliers known from
        third parties only have a card with ``n`` 0; those of whom nothing is known yet have none.

    Notes
    -----
    Beta-binomial and Gamma-Poisson conjugacy: Gelman et al., Bayesian Data Analysis, chapter 2.

    One more good delivery never lowers the `otif` of a supplier of one category. Of one with several it may: the prior
    follows the mix of its categories.
    """
    params = params or ScorecardParams()
    seen = observed(deliveries, as_of, params, faults=faults)
    ids = _suppliers(seen, evidence, as_of)
    said = ThirdParties(evidence, ids, as_of, params)
    rows = Groups(
        party=ids.get_indexer(seen["supplier"].cat.categories)[seen["supplier"].cat.codes],
        group=seen["category"].cat.codes.to_numpy(np.int64),
        weight=seen["weight"].to_numpy(),
        n=len(ids),
    )
    otif, near, fill = (seen[name].to_numpy(np.float64) for name in ("otif", "near", "fill"))
    on_time = said.about(("on_time",), rows.per_party(rows.weight))
    rates = [
        _counted("otif", rows, otif, params, on_time),
        _counted("lead_time_accuracy", rows, near, params),
        _counted("fill_rate", rows, fill, params),
        _defects(rows, seen, _unnamed(faults, deliveries, ids, as_of, params), said, params),
        _composition(rows, seen, said, params),
        _lateness(rows, seen, said, params),
        _rating(rows, said, params),
    ]
    known = np.bincount(rows.party, minlength=rows.n)
    columns = _lead_time(rows, seen["delay_days"].to_numpy(), params)
    for rate in rates:
        columns |= rate.columns(1e6 if rate.poisson else 1.0)
    frame = _ranked(pd.DataFrame({"supplier_id": pd.Series(ids, dtype="str"), "n": known, **columns}))
    return Cards(kind="supplier", as_of=as_of, ids=ids, rates=tuple(rates), frame=frame)


def _suppliers(seen: pd.DataFrame, evidence: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.Index:
    """Return who has a card, sorted: whoever delivered, or is known as a supplier by third parties."""
    names = seen["supplier"].cat.categories.astype("str")
    if evidence is not None and len(evidence):
        told = evidence["aspect"].isin(ASPECTS) & (evidence["at"] <= as_of)
        names = names.union(pd.Index(evidence.loc[told, "party_id"].unique(), dtype="str"))
    return names.sort_values()


def _ranked(card: pd.DataFrame) -> pd.DataFrame:
    card = card.sort_values(["otif_low", "supplier_id"], ascending=[False, True]).reset_index(drop=True)
    card.insert(len(COLUMNS), "rank", np.arange(1, len(card) + 1))
    first = [*COLUMNS, "rank"]
    return card[first + [name for name in card if name not in first]]


def _counted(name: str, rows: Groups, share: Floats, params: ScorecardParams, said: Observations | None = None) -> Rate:
    return smoothed_rate(name, rows, share, prior=params.prior_deliveries, third_party=said, low=params.low)


def _composition(rows: Groups, seen: pd.DataFrame, said: ThirdParties, params: ScorecardParams) -> Rate:
    """Each tested delivery counts once: its pieces are of one batch, and conform or not together."""
    tested = seen["tested"].to_numpy(np.float64)
    share = np.divide(seen["conforming"], tested, out=np.full(len(seen), np.nan), where=tested > 0)
    own = rows.per_party(np.where(np.isnan(share), 0.0, rows.weight))
    return _counted("composition_conformity", rows, share, params, said.about(("composition",), own))


def _rating(rows: Groups, said: ThirdParties, params: ScorecardParams) -> Rate:
    """Return what third parties say on the whole; the supplier's own deliveries only cap how far a source counts."""
    unknown = np.full(len(rows.party), np.nan)
    return _counted("rating", rows, unknown, params, said.opinions(rows.per_party(rows.weight)))


def _defects(
    rows: Groups, seen: pd.DataFrame, unnamed: Floats | None, said: ThirdParties, params: ScorecardParams
) -> Rate:
    """Each delivery's defects per piece count as many times as it has pieces."""
    pieces = seen["pieces"].fillna(0.0).to_numpy(np.float64)
    share = np.divide(seen["defects"], pieces, out=np.full(len(seen), np.nan), where=pieces > 0)
    own = rows.per_party(np.where(np.isnan(share), 0.0, rows.weight * pieces))
    return smoothed_rate(
        "defect_ppm",
        rows,
        share,
        prior=params.prior_pieces,
        exposure=pieces,
        third_party=said.defects(own),
        extra_good=unnamed,
        low=params.low,
        unit="pieces",
        poisson=True,
    )


def _unnamed(
    faults: pd.DataFrame | None,
    deliveries: pd.DataFrame,
    ids: pd.Index,
    as_of: pd.Timestamp,
    params: ScorecardParams,
) -> Floats | None:
    """Return the faulty pieces by supplier that belong to no delivery of the table, faded by the claim's day."""
    if faults is None:
        return None
    rows = faults[faults["at"] <= as_of]
    if "delivery_id" in rows and "delivery_id" in deliveries:
        named = pd.MultiIndex.from_frame(deliveries[["supplier_id", "delivery_id"]].dropna())
        rows = rows[~pd.MultiIndex.from_frame(rows[["party_id", "delivery_id"]]).isin(named)]
    party = ids.get_indexer(rows["party_id"])
    age = days_between(rows["at"], as_of)
    weighted = fault_pieces(rows) * np.exp2(-age / params.half_life_days)
    sums: Floats = np.bincount(party[party >= 0], weighted[party >= 0], len(ids)).astype(np.float64)
    return sums


def _lateness(rows: Groups, seen: pd.DataFrame, said: ThirdParties, params: ScorecardParams) -> Rate:
    """Return the model's mean over the supplier's deliveries, as sure as its rates are."""
    model = LatenessModel.fit(seen, prior=params.prior_deliveries)
    own_n = rows.per_party(rows.weight)
    late = rows.per_party(rows.weight * model.predict(seen))
    start = float(1 / (1 + np.exp(-model.mean)))
    mean = np.divide(late, own_n, out=np.full(rows.n, start), where=own_n > 0)
    on_time = said.about(("on_time",), own_n)
    return Rate(
        name="p_late_next",
        own=Observations(good=late, n=own_n),
        third_party=Observations(good=on_time.n - on_time.good, n=on_time.n),
        prior_mean=mean,
        prior_n=params.prior_deliveries,
        overall=start,
        low=params.low,
    )


def _lead_time(rows: Groups, delay: Floats, params: ScorecardParams) -> dict[str, Floats]:
    mean = smoothed_mean(rows, delay, prior=params.prior_deliveries, low=params.low)
    return {
        "lead_time_bias_days": mean.value,
        "lead_time_bias_low": mean.low,
        "lead_time_bias_high": mean.high,
        "lead_time_mad_days": mean.deviation,
    }
