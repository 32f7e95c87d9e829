"""A match in words, English and Chinese: why each candidate was taken or not, what capacity is worth, what was missing.

Numbers are scores per piece, as everywhere in a match. Every sentence stands alone, so that it can be shown beside a
row or read out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from matching.constraint_frames import Constrainer
from matching.explain import Explanation, explain
from matching.frames import Instance
from matching.lacks import Lack, lacks_of
from matching.problem import Ints, MatchProblem, MatchResult

__all__ = ["LANGUAGES", "Language", "told", "words_of"]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_WORDS: dict[str, tuple[str, str]] = {
    "chosen": (
        ("{supplier} serves {pieces} pieces: score {score:.4g} less {price:.4g} for what it uses up, "
        "{margin:.4g} more than the next best."),
        "{supplier} 供应 {pieces} 件：评分 {score:.4g}，扣除占用价格 {price:.4g}，比次优高 {margin:.4g}。",
    ),
    "chosen_second": (
        ("{supplier} serves {pieces} pieces: score {score:.4g} less {price:.4g} for what it uses up, "
        "{behind:.4g} less than the best for this order, which can take no more."),
        ("{supplier} 供应 {pieces} 件：评分 {score:.4g}，扣除占用价格 {price:.4g}，"
        "比已无法再供应的最优选择低 {behind:.4g}。"),
    ),
    "outscored": (
        "{supplier} was not needed: after prices it is worth {behind:.4g} less than the best for this order.",
        "未选 {supplier}：扣除价格后，比该订单的最优选择低 {behind:.4g}。",
    ),
    "outbid": (
        ("{supplier} went to other orders: a piece of its capacity is worth {price:.4g} to them, "
        "this order gains {score:.4g} there."),
        "{supplier} 的产能给了其他订单：每件对它们值 {price:.4g}，本订单在此评分 {score:.4g}。",
    ),
    "full": ("{supplier} has not the capacity.", "{supplier} 产能不足。"),
    "no_credit": ("The buyer's credit at {supplier} is used up.", "买方在 {supplier} 的信用额度已用完。"),
    "not_worth": (
        "{supplier} scores {score:.4g}: leaving the piece unserved costs less.",
        "{supplier} 评分 {score:.4g}：不如不供应。",
    ),
    "supplier_down": ("{supplier} is down.", "{supplier} 目前停产。"),
    "rejected": ("{supplier} rejected this order.", "{supplier} 拒绝了该订单。"),
    "below_minimum": ("Too few pieces for {supplier}'s minimum order.", "低于 {supplier} 的最小起订量。"),
    "out_of_territory": ("{supplier} may not sell there.", "{supplier} 不得在该区域销售。"),
    "exclusive": ("{supplier}: another has that territory exclusively.", "该区域由他人独家经营，{supplier} 不可供应。"),
    "no_delivery": ("Nobody delivers from {supplier} to there.", "从 {supplier} 到该地没有承运。"),
    "unqualified": ("{supplier} is not qualified for this order.", "{supplier} 不具备该订单的资格。"),
    "over_price": ("{supplier} costs more than the buyer pays.", "{supplier} 的价格超出买方上限。"),
    "late": ("{supplier} would be late.", "{supplier} 无法按期交付。"),
    "exposure_cap": ("{supplier} has reached its exposure cap.", "{supplier} 已达风险敞口上限。"),
    "ceiling": ("{supplier} has reached its ceiling.", "{supplier} 已达其份额上限。"),
    "mix_limit": ("{supplier} has reached its limit for such goods.", "{supplier} 的该类货品已达配比上限。"),
    "floor": ("{supplier} gets its guaranteed share first.", "{supplier} 优先获得其保底份额。"),
    "no_candidates": ("Nobody offers what is asked for.", "没有可供选择的供应商。"),
    "worth": (
        "One more unit of capacity at {supplier} is worth {price:.4g}.",
        "{supplier} 每增加一单位产能价值 {price:.4g}。",
    ),
    "spare": ("{supplier} has room left: more capacity is worth nothing.", "{supplier} 尚有余量：增加产能没有价值。"),
    "floor_price": (
        "{supplier} is held at its guaranteed share: one unit less would gain {price:.4g}.",
        "{supplier} 处于保底份额：每减少一单位可增益 {price:.4g}。",
    ),
    "missing_capacity": (
        "{pieces} pieces unserved: {pieces} more at {supplier} would have served them.",
        "{pieces} 件未满足：若 {supplier} 多 {pieces} 件产能即可满足。",
    ),
    "missing_credit": (
        "{pieces} pieces unserved: credit for them at {supplier} would have served them.",
        "{pieces} 件未满足：若在 {supplier} 有足够信用额度即可满足。",
    ),
    "missing_score": (
        "{pieces} pieces unserved: {supplier} would have needed a score higher by {behind:.4g}.",
        "{pieces} 件未满足：{supplier} 的评分还需提高 {behind:.4g}。",
    ),
    "lacking": (
        "{pieces} pieces unserved: {supplier} would have served them with {lacking}.",
        "{pieces} 件未满足：若{lacking}，{supplier} 即可供应。",
    ),
    "missed": (
        "{pieces} pieces unserved: {supplier} could serve them; this match is that far from the best, within its gap.",
        "{pieces} 件未满足：{supplier} 其实可以供应；本次匹配离最优尚有这一差距（见 gap）。",
    ),
}  # fmt: skip
_LACKS: dict[str, tuple[str, str]] = {
    "missing_score": ("a score higher by {amount}", "评分提高 {amount}"),
    "missing_minimum": ("a minimum lot of at most {amount} pieces", "最小批量降至 {amount} 件"),
    "missing_limit": ("{amount} more of limit {name}", "限额 {name} 提高 {amount}"),
    "missing_credit": ("{amount} more credit", "信用额度增加 {amount}"),
    "missing_capacity": ("{amount} more capacity", "产能增加 {amount}"),
}
_AND = (" and ", "、")


def words_of(code: str, language: Language = "en", **figures: object) -> str:
    """Return a code in words.

    Raises
    ------
    KeyError
        If the code or one of its figures is unknown.

    Examples
    --------
    >>> words_of("late", supplier="Acme")
    'Acme would be late.'
    >>> words_of("late", "zh", supplier="Acme")
    'Acme 无法按期交付。'
    """
    return _WORDS[code][LANGUAGES.index(language)].format(**figures)


def told(
    made: Instance, result: MatchResult, named: Constrainer, *, unsplit: bool = False, language: Language = "en"
) -> pd.DataFrame:
    """Return a match in words: every candidate, every supplier, every order with unserved pieces.

    Columns: about (candidate, supplier, unserved), order_id, supplier_id, pieces, score, price, margin, reason, words.
    """
    explained = explain(made.problem, result, unsplit=unsplit)
    parts = [
        _candidates(made, result, explained, language),
        _suppliers(made, result, language),
        _unserved(made, result, named, explained, language),
    ]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _candidates(made: Instance, result: MatchResult, explained: Explanation, language: Language) -> pd.DataFrame:
    problem = made.problem
    best = np.full(problem.n_orders, -np.inf)
    np.maximum.at(best, problem.order, explained.net)
    table = pd.DataFrame(
        {
            "about": "candidate",
            "order_id": made.orders["order_id"].to_numpy()[problem.order],
            "supplier_id": made.suppliers["supplier_id"].to_numpy()[problem.supplier],
            "pieces": result.pieces,
            "score": problem.score,
            "price": explained.price,
            "margin": np.where(np.abs(explained.margin) < 1e-9, 0.0, explained.margin),
            "reason": explained.reason,
        }
    )
    behind = best[problem.order] - explained.net
    second = (table["reason"] == "chosen") & (table["margin"] < 0)
    return _with_words(table, table["reason"].mask(second, "chosen_second"), behind, language)


def _suppliers(made: Instance, result: MatchResult, language: Language) -> pd.DataFrame:
    price = np.where(np.abs(result.prices) < 1e-12, 0.0, result.prices)
    table = pd.DataFrame(
        {
            "about": "supplier",
            "supplier_id": made.suppliers["supplier_id"],
            "pieces": made.problem.capacity,
            "price": price,
            "reason": np.select([price > 0, price < 0], ["worth", "floor_price"], "spare"),
        }
    )
    return _with_words(table.assign(price=np.abs(price)), table["reason"], None, language).assign(price=price)


def _unserved(
    made: Instance, result: MatchResult, named: Constrainer, explained: Explanation, language: Language
) -> pd.DataFrame:
    """Return what would have served each order's pieces left: the candidate that came nearest, and what it lacks."""
    problem = made.problem
    left = np.flatnonzero(result.unserved)
    row = _nearest(problem, explained)[left]
    lacks: list[list[Lack]] = [[Lack("no_candidates", 0.0)]] * left.size
    some = np.flatnonzero(row >= 0)
    for k, lacking in zip(some.tolist(), lacks_of(problem, result, named, left[some], row[some]), strict=True):
        lacks[k] = lacking
    suppliers = made.suppliers["supplier_id"].reindex(np.append(problem.supplier, -1)[row]).tolist()
    pieces = result.unserved[left]
    table = pd.DataFrame(
        {
            "about": "unserved",
            "order_id": made.orders["order_id"].to_numpy()[left],
            "supplier_id": suppliers,
            "pieces": pieces,
            "reason": [lacking[0].code if lacking else "missed" for lacking in lacks],
        }
    )
    words = map(_lacking_words, pieces.tolist(), suppliers, lacks, [language] * left.size)
    return table.assign(words=list(words))


def _lacking_words(pieces: int, supplier: str, lacks: Sequence[Lack], language: Language) -> str:
    """Return in words all that a candidate lacks to serve pieces that nobody serves."""
    if not lacks or lacks[0].code == "no_candidates":
        return words_of(lacks[0].code if lacks else "missed", language, pieces=pieces, supplier=supplier)
    amounts = [f"{lack.amount:,.0f}" if lack.amount == round(lack.amount) else f"{lack.amount:.4g}" for lack in lacks]
    at = LANGUAGES.index(language)
    told = [
        _LACKS[lack.code][at].format(amount=amount, name=lack.name) for lack, amount in zip(lacks, amounts, strict=True)
    ]
    joined = _AND[at].join(told)
    return words_of("lacking", language, pieces=pieces, supplier=supplier, lacking=joined)


def _nearest(problem: MatchProblem, explained: Explanation) -> Ints:
    """Return each order's candidate with the highest net score, -1 for none."""
    ranked = np.lexsort((-explained.net, problem.order))
    nearest = np.full(problem.n_orders, -1)
    some = np.diff(problem.indptr) > 0
    nearest[some] = ranked[problem.indptr[:-1][some]]
    return nearest


def _with_words(table: pd.DataFrame, codes: pd.Series, behind: object, language: Language) -> pd.DataFrame:
    full = table.reindex(
        columns=["about", "order_id", "supplier_id", "pieces", "score", "price", "margin", "reason"]
    ).assign(behind=0.0 if behind is None else behind)
    figures = full.rename(columns={"supplier_id": "supplier"}).to_dict("records")
    words = [words_of(str(code), language, **figure) for code, figure in zip(codes, figures, strict=True)]
    return full.drop(columns="behind").assign(words=words)
