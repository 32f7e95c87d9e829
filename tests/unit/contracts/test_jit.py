"""Compiled loops run wherever the program is installed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contracts import jit
from contracts.jit import HAVE_NUMBA, lean

MODULE = """\
from contracts.jit import compiled, inlined, merged

@inlined
def one():
    return 1

@merged
def two():
    return 2

@compiled
def three():
    return one() + two()
"""


@pytest.mark.skipif(not HAVE_NUMBA, reason="numba is not installed")
def test_no_folder_for_machine_code_is_no_obstacle(tmp_path: Path):
    """Neither beside the source (a file stands in the way) nor in the home (there is none): compiled all the same."""
    (tmp_path / "loops.py").write_text(MODULE)
    (tmp_path / "__pycache__").write_text("")
    root = Path(__file__).resolve().parents[3]
    nowhere = {"HOME": "/dev/null/none", "XDG_CACHE_HOME": "/dev/null/none", "PYTHONDONTWRITEBYTECODE": "1"}
    paths = os.pathsep.join((str(tmp_path), str(root)))
    done = subprocess.run(
        [sys.executable, "-c", "import loops; print(loops.three(), type(loops.three).__name__)"],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}, **nowhere, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["3", "CPUDispatcher"], done.stderr


@pytest.mark.skipif(not HAVE_NUMBA, reason="numba is not installed")
@pytest.mark.parametrize("known", [True, False])
def test_loops_are_right_with_and_without_an_option_that_numba_may_drop(known, monkeypatch):
    """The numba at hand has it, or the loops of today's speed are gone; one that has not compiles all the same."""
    assert jit._takes("_nrt")
    assert not jit._takes("_no_such_option")
    monkeypatch.setattr(jit, "_takes", lambda option: known)

    @lean
    def total(values):
        found = 0.0
        for value in values:
            found += value
        return found

    assert total(np.arange(4.0)) == 6.0
    assert ("_nrt" in total.targetoptions) == known
