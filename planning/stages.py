"""Stages of a mode: the steps that start in the same bucket wait, and are worked, together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.problem import Ints, Modes

__all__ = ["Stages", "stages_of"]


@dataclass(frozen=True, kw_only=True)
class Stages:
    """S stages of M modes with O operations.

    Parameters
    ----------
    mode, offset
        Shape (S,): the mode, and buckets after the start of its first step.
    following
        Shape (S,): the mode's next stage, -1 after its last.
    wait
        Shape (S,): buckets from a stage to the next one, or until the pieces can be used.
    first
        Shape (M,): each mode's first stage.
    of_op
        Shape (O,): the stage of each operation.
    """

    mode: Ints
    offset: Ints
    following: Ints
    wait: Ints
    first: Ints
    of_op: Ints


def stages_of(modes: Modes) -> Stages:
    """Group the operations of each mode by the bucket they start in."""
    longest = int(modes.op_offset.max(initial=0)) + 1
    keys, of_op = np.unique(modes.op_mode * longest + modes.op_offset, return_inverse=True)
    mode, offset = keys // longest, keys % longest
    number = np.arange(len(keys))
    same = np.append(mode[1:] == mode[:-1], False)
    following = np.where(same, number + 1, -1)
    until = np.where(same, offset[np.where(same, number + 1, number)], modes.lead[mode])
    first = np.searchsorted(mode, np.arange(len(modes.item)))
    return Stages(mode=mode, offset=offset, following=following, wait=until - offset, first=first, of_op=of_op)
