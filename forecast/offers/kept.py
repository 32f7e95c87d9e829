"""An offer model as files, and how well models foretell later offers."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from forecast.offers.features import Sellers, Styles
from forecast.offers.model import OfferModel, promotions_before
from forecast.offers.rates import Group, Rates

__all__ = ["deviance", "foretold", "pack_offers", "unpack_offers"]

Floats = npt.NDArray[np.float64]
_RATES = ("sales", "acceptance", "returns")
_SCALARS = ("base", "decay", "noise")


def pack_offers(model: OfferModel) -> dict[str, bytes]:
    """Return a model as files: the sellers' records by id, not who they are (`OfferModel.aligned` brings that)."""
    arrays: dict[str, Any] = {"shown": model.shown}
    told: dict[str, Any] = {
        "sellers": model.sellers.ids.tolist(), "categories": model.categories.tolist(),
        "past_styles": model.past_styles.tolist(), "last_day": model.last_day.isoformat(),
    }  # fmt: skip
    for name in _RATES:
        rates: Rates = getattr(model, name)
        arrays |= {f"{name}.knots": rates.knots, f"{name}.factors": rates.factors}
        arrays |= {f"{name}.effects.{f}": effect for f, effect in enumerate(rates.effects)}
        for g, group in enumerate(rates.groups):
            arrays |= {f"{name}.groups.{g}.seen": group.seen, f"{name}.groups.{g}.expected": group.expected}
        told[name] = {key: getattr(rates, key) for key in _SCALARS} | {
            "effects": len(rates.effects), "prior_n": [group.prior_n for group in rates.groups]
        }  # fmt: skip
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return {"arrays.npz": buffer.getvalue(), "model.json": orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)}


def unpack_offers(files: Mapping[str, bytes]) -> OfferModel:
    """Return a model from its files; of its sellers it knows the records by id until it is `OfferModel.aligned`.

    Raises
    ------
    KeyError, ValueError
        If the files are not such a model's.
    """
    told = orjson.loads(files["model.json"])
    with np.load(BytesIO(files["arrays.npz"]), allow_pickle=False) as read:
        arrays = dict(read)
    ids, n = pd.Index(told["sellers"], dtype="str"), len(told["sellers"])
    nobody = Sellers(
        ids, np.zeros(n), np.zeros((n, len(told["categories"])), np.int8), np.zeros(n, np.int64), np.zeros(n, np.int64)
    )
    sales, acceptance, returns = (_rates(name, told[name], arrays) for name in _RATES)
    return OfferModel(
        sellers=nobody, categories=pd.Index(told["categories"], dtype="str"),
        sales=sales, acceptance=acceptance, returns=returns,
        past_styles=pd.Index(told["past_styles"], dtype="str"), shown=arrays["shown"],
        last_day=pd.Timestamp(told["last_day"]),
    )  # fmt: skip


def foretold(model: OfferModel, sellers: pd.DataFrame, history: pd.DataFrame, later: pd.DataFrame) -> Floats:
    """Return the net pieces that a model expects per offer, float [n], of later offers.

    Parameters
    ----------
    sellers, history, later
        Checked tables (`forecast.offers.tables`); the history before `later` says how tired audiences were. Offers of
        sellers that are not listed are foretold as 0.
    """
    known = model.aligned(sellers)
    seller = known.sellers.ids.get_indexer(later["seller_id"]).astype(np.int64)
    styles = Styles.of(later, known.categories)
    hour = later["hour"].fillna(24).to_numpy(np.int64) if "hour" in later else np.full(len(later), 24)
    tired = promotions_before(pd.concat([history, later], ignore_index=True))[len(history) :]
    expected = known.expect(np.maximum(seller, 0), styles, np.arange(len(later)), hour=hour, exposures=tired)
    return np.where(seller >= 0, expected.per_offer, 0.0)


def deviance(came: Floats, expected: Floats) -> Floats:
    """Return the Poisson deviance of each row, float [n]: 0 for what came just as expected."""
    mean = np.maximum(expected, 1e-6)
    return np.asarray(2.0 * (came * np.log(np.maximum(came, 1e-300) / mean) - (came - mean)))


def _rates(name: str, told: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Rates:
    groups = [
        Group(prior_n, arrays[f"{name}.groups.{g}.seen"], arrays[f"{name}.groups.{g}.expected"])
        for g, prior_n in enumerate(told["prior_n"])
    ]
    return Rates(
        base=told["base"], decay=told["decay"], noise=told["noise"], groups=tuple(groups),
        effects=tuple(arrays[f"{name}.effects.{f}"] for f in range(told["effects"])),
        knots=arrays[f"{name}.knots"], factors=arrays[f"{name}.factors"],
    )  # fmt: skip
