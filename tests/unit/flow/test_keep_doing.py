"""Work that is done again and again: whatever goes wrong once, it goes on."""

import threading

from contracts.errors import UnavailableError
from services.keep_doing import KeepDoing


def test_it_goes_on_after_any_error(caplog):
    """A database that does not answer is not worth a line, a fault of ours is; neither ends the thread."""
    errors = [UnavailableError("the database does not answer"), KeyError("oops")]
    done = threading.Event()

    def work():
        if errors:
            raise errors.pop(0)
        done.set()

    kept = KeepDoing(work, "courier", seconds=0.001)
    kept.start()
    assert done.wait(30)
    kept.stop()
    assert [record.getMessage() for record in caplog.records] == ["courier"]
    assert "KeyError: 'oops'" in caplog.text
