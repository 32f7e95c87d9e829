"""Every notebook runs from its first cell to its last."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
RUNNER = Path(__file__).with_name("run_notebook.py")


def _run(path: Path, folder: Path) -> subprocess.CompletedProcess:
    own = {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config", "TMPDIR": "."}
    environment = os.environ | {name: str(folder / part) for name, part in own.items()} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(RUNNER), str(path), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_there_is_a_notebook_of_the_net():
    """So that the parametrised test has something to run."""
    assert "supply_net" in {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_a_fresh_kernel(path: Path, tmp_path: Path):
    """Through jupytext and nbclient, in an empty folder; most cells show something."""
    done = _run(path, tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    cells, shown = map(int, done.stdout.split()[-2:])
    assert cells >= shown > cells / 2


def test_a_cell_that_fails_fails_the_notebook(tmp_path: Path):
    """With its traceback: the test above could fail."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text("# %%\n1\n\n# %%\n1 / 0\n")
    done = _run(wrong, tmp_path)
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
