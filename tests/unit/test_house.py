"""The house keeps its own rules: where packages live, how they import and how long things are."""

import ast
import importlib
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "api", "benchmarks", "contracts", "forecast", "graph", "matching",
    "planning", "services", "settlement", "simulate", "store",
]  # fmt: skip
SOURCES = sorted(p for name in [*PACKAGES, "scripts", "tests"] for p in (ROOT / name).rglob("*.py"))
MODULES = sorted(
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for name in PACKAGES
    for p in (ROOT / name).rglob("*.py")
)
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 40


@pytest.mark.parametrize("name", PACKAGES)
def test_package_resolves_inside_the_repo(name: str) -> None:
    """A namesake on the index (there is a `matching` and a `forecast`) must never shadow ours."""
    module = importlib.import_module(name)
    assert Path(module.__file__).resolve().is_relative_to(ROOT)


def test_no_namesake_is_installed() -> None:
    """None of our package names is provided by another distribution."""
    providers = packages_distributions()
    foreign = {name: set(providers.get(name, [])) - {"evenflow"} for name in PACKAGES}
    assert not any(foreign.values()), foreign


def test_each_module_imports_alone() -> None:
    """No module needs another one imported first: there is no import cycle."""
    code = "import sys, importlib\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    starts = [m for m in MODULES if not m.startswith("benchmarks")]
    done = subprocess.run([sys.executable, "-c", code, *reversed(starts)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_and_functions_are_short(path: Path) -> None:
    """A file fits in a head (400 lines), a function on a screen (40 lines without its docstring)."""
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    long = [f"{name}: {n}" for name, n in function_lengths(text) if n > MAX_FUNCTION_LINES]
    assert not long, long


def function_lengths(text: str) -> list[tuple[str, int]]:
    """Return each function's name and its lines without the docstring."""
    lengths = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            own = node.end_lineno - node.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)
            lengths.append((node.name, own))
    return lengths


def test_nothing_names_this_machine_or_a_registry() -> None:
    """No tracked text holds a path of the machine it was written on or the host of a package registry."""
    words = [
        "/wo" + "rk/",
        "/ro" + "ot/",
        "pypi" + ".org",
        "python" + "hosted",
        "registry" + ".npmjs",
        "deb" + ".debian",
    ]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: cannot tell which files are ours")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".parquet", ".npy"} or not path.is_file():
            continue
        found += [f"{name}: {word}" for word in words if word in path.read_text(errors="replace")]
    assert not found
