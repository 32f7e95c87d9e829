"""Records of adjustments are only ever appended, and survive a crash in the middle of one."""

import subprocess
import sys

import pytest

from contracts.errors import InputError, NotReadyError
from store.forecast_book import ForecastBook
from store.overrides import OverrideLog


def test_records_are_read_in_the_order_in_which_they_were_made(tmp_path):
    """Nothing before the first one."""
    log = OverrideLog(tmp_path / "home")
    assert (log.read(), log.stamp()) == ([], 0)
    for number in range(3):
        log.append({"id": number})
    assert [record["id"] for record in log.read()] == [0, 1, 2]


def test_a_record_cut_short_was_never_made(tmp_path):
    """At whatever byte: the others stay, and the next one is whole."""
    log = OverrideLog(tmp_path)
    log.append({"id": 1})
    log.append({"id": 2, "note": "x" * 50})
    whole = log.path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        log.path.write_bytes(whole[:cut])
        assert [record["id"] for record in log.read()] == [1]
        log.append({"id": 3})
        assert [record["id"] for record in log.read()] == [1, 3]


@pytest.mark.parametrize("line", [b'{"id": ', b"5", b"[]", b"null"])
def test_a_damaged_line_is_named(tmp_path, line):
    """It is not passed over: an override would silently not count."""
    log = OverrideLog(tmp_path)
    log.path.write_bytes(b'{"id": 1}\n' + line + b'\n{"id": 3}\n')
    with pytest.raises(NotReadyError, match=r"overrides.jsonl, line 2: expected a record"):
        log.read()


def test_two_processes_append_at_once(tmp_path):
    """No line is lost or torn."""
    code = (
        "import sys; from pathlib import Path; from store.overrides import OverrideLog\n"
        "log = OverrideLog(Path(sys.argv[1]))\n"
        "for n in range(40): log.append({'who': sys.argv[2], 'n': n, 'note': 'x' * 300})"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    records = OverrideLog(tmp_path).read()
    for name in "ab":
        assert [record["n"] for record in records if record["who"] == name] == list(range(40))


def test_a_home_that_is_a_file_is_told(tmp_path):
    """Where and what."""
    (tmp_path / "home").write_text("")
    with pytest.raises(InputError, match="a folder that can be made"):
        OverrideLog(tmp_path / "home").append({"id": 1})
    assert ForecastBook(tmp_path / "home").runs() == []
