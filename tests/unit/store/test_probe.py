"""A question that is never answered costs who asks a moment, and is not asked twice."""

import threading

import pytest

from contracts.errors import NotReadyError, UnavailableError
from store.database import Database
from store.probe import Probe


def test_who_asks_is_told_in_time_and_again_once_it_is_answered():
    """Two ask while one question hangs, which is asked once; after its answer all is well."""
    answer, asked = threading.Event(), []

    def question():
        asked.append(1)
        assert answer.wait(30)

    probe = Probe(question, seconds=0.02)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="nothing came in"):
            probe.ask()
    assert len(asked) == 1
    answer.set()
    probe._seconds = 30  # whoever asks now has time, also on a busy machine
    probe.ask()


def test_what_the_question_raises_is_raised(tmp_path):
    """Other trouble keeps its name; a file that is not there yet is well."""

    def question():
        raise NotReadyError("upgrade it")

    with pytest.raises(NotReadyError, match="upgrade it"):
        Probe(question, seconds=30).ask()
    Database.open(f"sqlite:///{tmp_path}/none.db").require()
