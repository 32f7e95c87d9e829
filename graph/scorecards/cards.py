"""Cards of many parties, and the explanation of each: one score with its parts, range, reasons and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from graph.scorecards.rates import ORIGINS, Rate

__all__ = ["Cards"]

_WORDS = {
    "supplier": ("deliveries", "suppliers of its categories", "arrives on time and in full"),
    "buyer": ("trades", "buyers of its kind", "goes well: not cancelled, paid by the due day, no dispute lost"),
}


@dataclass(frozen=True, eq=False)
class Cards:
    """Scorecards as of a day.

    Parameters
    ----------
    kind
        ``supplier`` or ``buyer``.
    as_of
        The day.
    ids
        Ids of the parties, in the order of the rates' arrays.
    rates
        Rates; the first is the one that ranks.
    frame
        The cards as a table, the most reliable party first; its first column names the party.
    """

    kind: str
    as_of: pd.Timestamp
    ids: pd.Index
    rates: tuple[Rate, ...]
    frame: pd.DataFrame

    def parts(self) -> pd.DataFrame:
        """Return what each rate is made of: own observations, prior, third parties.

        Returns
        -------
        DataFrame
            The party's column, ``rate``, ``part`` (own, prior, third_party), ``value`` (the part's own mean; NaN
            without evidence), ``evidence_n`` (observations it counts for), ``contribution`` (what it adds to the
            rate; they sum to it), ``reason``. Sorted by party and rate; rates of which nothing is known are left out.
        """
        tables = [self._parts_of(rate) for rate in self.rates if not np.isnan(rate.prior_mean).all()]
        if not tables:
            return pd.DataFrame(columns=[self.frame.columns[0], "rate", "part", *_PART])
        long = pd.concat(tables, ignore_index=True)
        return long.sort_values([self.frame.columns[0]], kind="stable", ignore_index=True)

    def score(self, party_id: str) -> dict[str, Any]:
        """Return one party's score with its explanation, as plain values.

        A party of which nothing is known has the score of a newcomer: the mean of all, with ``evidence_n`` 0.

        Returns
        -------
        dict
            ``kind, subject, as_of, value, unit, low, high, evidence_n, rank`` (None for a newcomer), ``parts``,
            ``reasons`` (in words), ``rates`` (per rate its value, range, evidence and parts) and ``figures`` (the
            card's further columns).
        """
        at = self.ids.get_indexer(pd.Index([party_id]))[0]
        known = bool(at >= 0)
        rates = [rate.of(int(at)) if known else rate.newcomer() for rate in self.rates]
        rows = self.frame[self.frame.iloc[:, 0] == party_id] if known else self.frame[:0]
        told = {rate.name: _rate_card(rate) for rate in rates if not np.isnan(rate.prior_mean[0])}
        main = told.get(rates[0].name, _NOTHING)
        ranges = {f"{rate.name}_{ending}" for rate in rates for ending in ("low", "high", "n", *ORIGINS)}
        hidden = {str(self.frame.columns[0]), "rank", *(rate.name for rate in rates), *ranges}
        row = {str(name): _plain(cell) for name, cell in rows.iloc[0].items()} if known else {}
        return {
            "kind": self.kind,
            "subject": party_id,
            "as_of": self.as_of.date().isoformat(),
            **main,
            "rank": row.get("rank"),
            "reasons": self._reasons(main, row),
            "rates": told,
            "figures": {name: value for name, value in row.items() if name not in hidden},
        }

    def _parts_of(self, rate: Rate) -> pd.DataFrame:
        scale = 1e6 if rate.poisson else 1.0
        tables = []
        for number, origin in enumerate(ORIGINS):
            good, n = rate.origin(origin)
            mean = np.divide(good * scale, n, out=np.full(len(good), np.nan), where=n > 0)
            tables.append(
                pd.DataFrame(
                    {
                        self.frame.columns[0]: self.ids.astype("str"),
                        "rate": rate.name,
                        "part": origin,
                        "value": mean,
                        "evidence_n": n,
                        "contribution": good * scale / rate.n,
                        "reason": [
                            f"{_ORIGIN_WORDS[origin]}: {c:.3g} {rate.unit}, mean {m:.3g}" if c else ""
                            for c, m in zip(n.tolist(), mean.tolist(), strict=True)
                        ],
                        "_order": number,
                    }
                )
            )
        long = pd.concat(tables, ignore_index=True)
        return long.sort_values([self.frame.columns[0], "_order"], kind="stable").drop(columns="_order")

    def _reasons(self, main: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
        things, peers, outcome = _WORDS[self.kind]
        if main["value"] is None:
            return [f"no {things} are known of anybody"]
        known = int(row.get("n") or 0)
        shares = {part["part"]: part["share"] for part in main["parts"]}
        own = f"{known} {things} known" if known else f"no {things} known"
        expected = f"{main['value']:.0%} probable that the next one {outcome}"
        origins = f"rests {shares['own']:.0%} on its own {things}, {shares['prior']:.0%} on {peers}"
        return [
            f"{expected}; between {main['low']:.0%} and {main['high']:.0%} for what is known",
            f"{own}, faded to {main['parts'][0]['evidence_n']:.1f} by age",
            f"{origins}, {shares['third_party']:.0%} on third parties",
        ]


_PART = ("value", "evidence_n", "contribution", "reason")
_ORIGIN_WORDS = {"own": "its own", "prior": "its group's mean", "third_party": "third parties"}
_NOTHING: dict[str, Any] = {"value": None, "unit": None, "low": None, "high": None, "evidence_n": 0.0, "parts": []}


def _rate_card(rate: Rate) -> dict[str, Any]:
    scale = 1e6 if rate.poisson else 1.0
    low, high = rate.range()
    shares = rate.shares()
    parts = []
    for origin in ORIGINS:
        good, n = rate.origin(origin)
        mean = float(good[0] / n[0]) * scale if n[0] > 0 else None
        parts.append(
            {
                "part": origin,
                "value": mean,
                "evidence_n": float(n[0]),
                "share": float(shares[origin][0]),
                "contribution": float(good[0] / rate.n[0]) * scale,
                "reason": f"{_ORIGIN_WORDS[origin]}: " + ("nothing" if mean is None else f"{n[0]:.3g} {rate.unit}"),
            }
        )
    return {
        "value": float(rate.value[0]) * scale,
        "unit": "ppm" if rate.poisson else "share",
        "low": float(low[0]) * scale,
        "high": float(high[0]) * scale,
        "evidence_n": float(rate.evidence_n[0]),
        "parts": parts,
    }


def _plain(cell: Any) -> Any:
    if pd.isna(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell
