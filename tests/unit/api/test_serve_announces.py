"""What a server tells at its start can be pasted."""

import pytest

from api.cli.serve import _announce


def test_link_of_the_console_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A ticket makes the link longer than a terminal of 80 columns; it follows its name all the same."""
    console = "http://127.0.0.1:8000/sign-in?ticket=" + "x" * 80
    _announce({"url": "http://127.0.0.1:8000", "console": console, "docs": "", "key": None}, as_json=False)
    assert f"  planner console  {console}\n" in capsys.readouterr().err
