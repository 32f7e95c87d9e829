"""Parameter files become params dataclasses or a message that names the culprit."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.errors import InputError
from contracts.params import params_from, read_toml


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Two weights, the second not negative."""

    idle: float = 1.0
    overtime: float = 2.0

    def __post_init__(self) -> None:
        if self.overtime < 0:
            raise ValueError("Expected overtime >= 0.")


def test_a_table_becomes_params() -> None:
    """Given values replace defaults."""
    assert params_from({"idle": 3}, Weights, where="[weights]") == Weights(idle=3)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"ilde": 3}, r"plan.toml \[weights\]: expected only idle, overtime, got ilde"),
        ({"overtime": -1}, r"plan.toml \[weights\]: expected values in range, got Expected overtime >= 0."),
    ],
)
def test_wrong_tables_are_refused_by_name(table: dict, message: str) -> None:
    """Unknown names and values out of range are told apart."""
    with pytest.raises(InputError, match=message):
        params_from(table, Weights, where="plan.toml [weights]")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A missing file and a file that is not TOML each say so."""
    with pytest.raises(InputError, match="no such file"):
        read_toml(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[weights\n")
    with pytest.raises(InputError, match=r"broken.toml: expected a TOML file, got .*line 1"):
        read_toml(broken)
