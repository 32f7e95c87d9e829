"""What each stage listens to: topics of the outbox and, of facts, kinds."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FACTS", "LISTENS"]

FACTS = "fact.accepted"

LISTENS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "signals": ((FACTS,), ("signal",)),
    "supply": ((FACTS,), ("capacity_change",)),
    "progress": ((FACTS,), ("progress",)),
    "orders": ((FACTS,), ("order",)),
    "forecast": ((FACTS,), ("sale",)),
    "plan": (("forecast.refreshed", "supply.changed", "progress.recorded", "wave.forecast"), ()),
    "prices": (("order.routed", "plan.revised", "supply.changed", "wave.forecast"), ()),
}
"""By stage, in the order in which one's events are another's input."""
