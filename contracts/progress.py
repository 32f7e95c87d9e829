"""How long work tells how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """A listener: called with the stage's name, the steps done and the steps there are."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hear that `done` of `total` steps of a stage are over."""


def silent(stage: str, done: int, total: int) -> None:
    """Listen to nothing."""
    del stage, done, total
