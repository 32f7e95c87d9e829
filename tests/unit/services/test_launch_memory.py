"""What was told of a launch is told again, and never once something that was known by then could change it."""

import pandas as pd
import pytest

from contracts.errors import UnknownIdError
from forecast.tables import SIGNALS
from services.ingest import Inlet
from services.launch_memory import LaunchMemory
from services.launch_tables import finals, launch_styles, own_tables
from store.home import Home
from store.launch_book import hash_of
from tests.unit.services.test_launch_tables import line, place, signal, taken

__all__ = ["place"]

MOMENTS = pd.date_range("2026-03-01 19:00", "2026-03-05 01:00", freq="557min", tz="Asia/Shanghai")
FINAL = pd.Timestamp("2026-01-26 20:00", tz="Asia/Shanghai")


def known(snapshot, inlet, style, at):
    """Return all that an estimate is made from: a style's tables, and the styles it is learnt from."""
    tables = vars(own_tables(snapshot, inlet, style, at))
    return {"own": hash_of(tables), "finished": (finals(launch_styles(snapshot)) <= at).tolist()}


@pytest.mark.parametrize("style", ["new", "late"])
def test_it_is_told_as_made_anew(place, style):
    """At any moment, in any order; most are told without making."""
    later = [signal(content_id=f"c{n}", observed_at=f"2026-03-03 {n:02d}:30", style_id=style) for n in (3, 11, 17)]
    inlet = taken(place, signals=later, orders=[line(1, style_id=style), line(2, paid_at="2026-03-03 23:00")])
    snapshot, made = Home(place).current(), []
    looked = LaunchMemory(inlet).look(snapshot)
    for at in [*MOMENTS[::2], *MOMENTS[::-1]]:
        told = looked.told(style, "24h", at, lambda at=at: made.append(at) or known(snapshot, inlet, style, at))
        assert told == known(snapshot, inlet, style, at), at
    assert len(made) < len(MOMENTS)


def test_what_comes_in_makes_it_forget(place):
    """A signal; the same one twice is none."""
    inlet, snapshot = Inlet.of(place), Home(place).current()
    memory = LaunchMemory(inlet)
    first = memory.look(snapshot)
    assert memory.look(snapshot) is first
    for changes in (True, False):
        before = memory.look(snapshot)
        inlet.facts.signals.add(SIGNALS.check(pd.DataFrame([signal(content_id="z")])))
        assert (memory.look(snapshot) is not before) is changes


def test_styles_and_finished_ones(place):
    """Two totals are known from the end of their life on; a style that is not there is unknown."""
    looked = LaunchMemory(Inlet.of(place)).look(Home(place).current())
    assert [looked.finished_by(FINAL - pd.Timedelta("1s")), looked.finished_by(FINAL)] == [0, 2]
    with pytest.raises(UnknownIdError, match="subject: unknown style none"):
        looked.launch_at("none", where="subject")
