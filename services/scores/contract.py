"""What a score is, whatever it judges: value, range, parts that sum to it, reasons, evidence.

A kind looks up its inputs, a few plain numbers and words, and computes the answer from nothing else: kept inputs give
the same answer again, and an input may be replaced to see what would be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

import orjson
from scipy.special import betaincinv

from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from services.scores.world import World

__all__ = [
    "LOG_ODDS",
    "Answer",
    "Field",
    "Gathered",
    "Inputs",
    "Kind",
    "Part",
    "PartTold",
    "beta_range",
    "check_fields",
    "day_text",
    "digest",
    "expit",
    "log_odds_parts",
    "logit",
]

LOG_ODDS = "log_odds"
Scale = Literal["log_odds", "score"]
Inputs = Mapping[str, Any]
_LOW = 0.1  # quantile at which ranges begin; they end at its mirror
_MOST_TEXT = 500
_EDGE = 1e-15


@dataclass(frozen=True, kw_only=True)
class Field:
    """A named number or word that a kind reads: of the context, or one of its inputs.

    Parameters
    ----------
    kind
        ``number``, ``whole`` (a whole number), ``text`` or ``date`` (ISO).
    minimum, maximum
        Bounds of numbers, both included.
    choices
        Allowed texts, if closed.
    required
        Of a context: whether it must be given. Of an input: whether it must be known; else null means unknown.
    better
        Of an input: which direction never lowers the score; empty if neither.
    fixed
        Of an input: whether it stands for something that can't be replaced by another value.
    of_party
        Of a context: whether it names a party, or a place by one: withheld from whoever may not know of that party.
    """

    name: str
    description: str
    kind: Literal["number", "whole", "text", "date"] = "number"
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    better: Literal["", "higher", "lower"] = ""
    fixed: bool = False
    of_party: bool = False

    @property
    def expected(self) -> str:
        """What a valid value is, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {"number": "a number", "whole": "a whole number", "text": "a text", "date": "a date (YYYY-MM-DD)"}
        limits = [f"{sign} {b:g}" for sign, b in ((">=", self.minimum), ("<=", self.maximum)) if b is not None]
        return words[self.kind] + (f" {' and '.join(limits)}" if limits else "")

    def check(self, value: object, where: str) -> Any:
        """Return a value with the field's type.

        Raises
        ------
        InputError
            If it is none; names the place.
        """
        place = f"{where}.{self.name}"
        if value is None:
            if self.required:
                raise InputError(place, self.expected, "nothing")
            return None
        if self.kind in ("text", "date"):
            return self._text(value, place)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(place, self.expected, value)
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise InputError(place, self.expected, value)
        if self.kind == "whole":
            if value != int(value):
                raise InputError(place, self.expected, value)
            return int(value)
        return float(value)

    def _text(self, value: object, place: str) -> str:
        if (
            not isinstance(value, str)
            or not 0 < len(value) <= _MOST_TEXT
            or (self.choices and value not in self.choices)
        ):
            raise InputError(place, self.expected, value)
        if self.kind == "date":
            try:
                return date.fromisoformat(value).isoformat()
            except ValueError:
                raise InputError(place, self.expected, value) from None
        return value

    def told(self) -> dict[str, Any]:
        """Return the field as plain data, for people who ask what a kind reads."""
        return {
            "name": self.name,
            "type": self.kind,
            "unit": self.unit or None,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices) or None,
            "required": self.required,
            "better": self.better or None,
            "description": self.description,
        }


def check_fields(fields: Sequence[Field], given: Mapping[str, object], where: str) -> dict[str, Any]:
    """Return the given values with the fields' types; fields that are not given are None.

    Raises
    ------
    InputError
        If a name is none of the fields', a required one is absent, or a value is out of range.
    """
    known = {one.name for one in fields}
    for name in given:
        if name not in known:
            raise InputError(where, f"only {', '.join(sorted(known)) or 'no fields'}", name)
    return {one.name: one.check(given.get(one.name), where) for one in fields}


@dataclass(frozen=True, kw_only=True)
class PartTold:
    """A part that a kind's scores have.

    Parameters
    ----------
    prior
        Whether it says what is expected without evidence about the subject: the other parts add nothing then.
    """

    name: str
    unit: str
    description: str
    prior: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one part says (`value`, in its own unit, None unknown) and adds to the score, on the kind's scale."""

    name: str
    value: float | None
    unit: str
    contribution: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A score without its circumstances: what is computed from the inputs alone."""

    value: float
    low: float
    high: float
    evidence_n: float
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "evidence_n": self.evidence_n,
            "parts": [vars(part).copy() for part in self.parts],
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a score is computed from, looked up for one subject.

    Parameters
    ----------
    model
        What was learnt from everybody, as plain data: the same for all subjects of a day.
    inputs
        What is known of the subject, by the names of the kind's inputs.
    as_of
        The day (or moment), ISO.
    rank
        1 for the best of those that can be compared, None if nobody can.
    """

    model: Mapping[str, Any]
    inputs: Inputs
    as_of: str
    rank: int | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of score.

    Parameters
    ----------
    name
        Its name.
    judges
        What a score of it says, in a sentence.
    subject
        What its subjects are ids of.
    of_party
        Whether a subject is a party, who may opt out.
    needed_to_trade
        Whether one can't trade without it: a party that opted out is scored all the same, and the answer says so.
    context, inputs, parts
        What it reads and what its scores are made of.
    unit, scale
        Unit of the value; ``log_odds`` if the parts add up to the log-odds of the value, a probability, ``score`` if
        to the value itself.
    evidence, outcome
        What is counted as evidence; what comes true later, in the unit of the value.
    revision
        Counts changes of how it computes: part of the model's version.
    gather
        Looks up the inputs: ``gather(world, subject, context) -> Gathered``.
    answer
        Computes the score: ``answer(model, inputs) -> Answer``; reads nothing else.
    """

    name: str
    judges: str
    subject: str
    context: tuple[Field, ...] = ()
    unit: str = "probability"
    scale: Scale = "log_odds"
    parts: tuple[PartTold, ...]
    inputs: tuple[Field, ...]
    evidence: str
    outcome: str
    of_party: bool = True
    needed_to_trade: bool = False
    revision: int = 1
    gather: Callable[[World, str, Mapping[str, Any]], Gathered] = field(repr=False)
    answer: Callable[[Mapping[str, Any], Inputs], Answer] = field(repr=False)

    @property
    def is_probability(self) -> bool:
        """Whether the value is one."""
        return self.scale == LOG_ODDS

    def version(self, model: Mapping[str, Any]) -> str:
        """Return the name of a model of this kind: the same numbers computed the same way have the same name."""
        return f"{self.name}-{self.revision}-{digest(model)}"

    def told(self) -> dict[str, Any]:
        """Return the kind as plain data, for people who ask what there is."""
        return {
            "kind": self.name,
            "judges": self.judges,
            "subject": self.subject,
            "context": [one.told() for one in self.context],
            "unit": self.unit,
            "scale": self.scale,
            "range": [0.0, 1.0] if self.is_probability else [None, None],
            "parts": [vars(part).copy() for part in self.parts],
            "inputs": [one.told() for one in self.inputs],
            "evidence": self.evidence,
            "outcome": self.outcome,
            "needed_to_trade": self.needed_to_trade,
        }


def day_text(day: pd.Timestamp) -> str:
    """Return a day as ISO text."""
    return f"{day:%Y-%m-%d}"


def digest(value: object, size: int = 8) -> str:
    """Return a short hash of plain data; the order of names does not matter."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=size).hexdigest()


def logit(probability: float) -> float:
    """Return the log-odds of a probability; 0 and 1, which rounding may give, count as all but certain."""
    probability = min(max(probability, _EDGE), 1.0 - _EDGE)
    return math.log(probability) - math.log1p(-probability)


def expit(log_odds: float) -> float:
    """Return the probability of log-odds."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def log_odds_parts(steps: Sequence[tuple[str, float | None, str, float]]) -> tuple[Part, ...]:
    """Return parts that add up to the log-odds of the last step.

    Parameters
    ----------
    steps
        Name, the part's own value, its unit, and the probability once the part is known, in (0, 1); the first step
        adds its whole log-odds, each other one what it moved.

    Examples
    --------
    >>> parts = log_odds_parts([("all", 0.5, "share", 0.5), ("own", 0.9, "share", 0.8)])
    >>> [round(part.contribution, 3) for part in parts]
    [0.0, 1.386]
    """
    parts, before = [], 0.0
    for name, value, unit, probability in steps:
        reached = logit(probability)
        parts.append(Part(name=name, value=value, unit=unit, contribution=reached - before))
        before = reached
    return tuple(parts)


def beta_range(mean: float, n: float) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of a Beta with this mean that rests on n observations, around the mean.

    Where the mean of a very skewed one lies outside, the range reaches to the mean.
    """
    low, high = (float(betaincinv(mean * n, (1.0 - mean) * n, q)) for q in (_LOW, 1.0 - _LOW))
    return min(low, mean), max(high, mean)
