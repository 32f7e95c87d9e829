"""Whatever happens, the command line ends with one line and a fitting exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.cli import entry, main
from contracts.errors import InputError


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (InputError("--horizon", "1 to 1000", 0), 2, "evenflow: --horizon: expected 1 to 1000, got 0"),
        (KeyboardInterrupt(), 130, "evenflow: interrupted"),
        (OSError(28, "No space left on device"), 1, "evenflow: [Errno 28] No space left on device"),
        (MemoryError(), 1, "evenflow: out of memory"),
    ],
)
def test_a_failure_is_one_line(error, exit_code, line, monkeypatch, capsys) -> None:
    """Wrong input is exit 2, a failure of the machine 1, Ctrl-C 130."""
    assert ended(error, monkeypatch) == exit_code
    assert capsys.readouterr().err.splitlines() == [line]


def test_an_unexpected_failure_keeps_its_trace_in_a_file(monkeypatch, capsys) -> None:
    """The user sees one line that names the file; the file has the trace."""
    assert ended(IndexError("index 3 is out of bounds"), monkeypatch) == 1
    (line,) = capsys.readouterr().err.splitlines()
    trace = Path(line.rsplit(" ", 1)[1])
    assert line.startswith(
        "evenflow: failed unexpectedly (IndexError: index 3 is out of bounds); please report it with "
    )
    assert "Traceback" in trace.read_text()
    trace.unlink()


def ended(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the exit code of a run whose command raises."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(entry, "_keep_stdout_for_results", lambda: None)  # pytest holds the real one
    with pytest.raises(SystemExit) as ended_with:
        entry.run()
    return int(str(ended_with.value.code))


def test_help_loads_nothing_heavy() -> None:
    """`evenflow --help` answers at once: no frame, solver or learner is imported to describe the commands."""
    heavy = {
        "pandas",
        "pyarrow",
        "scipy",
        "numba",
        "lightgbm",
        "mlflow",
        "fastapi",
        "networkx",
        "sqlalchemy",
        "alembic",
    }
    code = f"import sys, api.cli.main; print(sorted(set({sorted(heavy)!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_server_starts_without_solvers_compiler_or_console():
    """They take longer to import than all the rest, and are there once somebody asks for what needs them."""
    heavy = {"scipy", "numba", "lightgbm", "mlflow", "networkx", "nicegui", "ortools"}
    code = f"import sys, api.http.app, api.console; print(sorted(set({sorted(heavy)!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
