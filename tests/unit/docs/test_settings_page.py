"""Every setting stands in the documentation, with its default."""

from pathlib import Path

import pytest

from api.settings import Settings, read_settings
from contracts.errors import InputError

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "settings.md").read_text()


def test_every_setting_is_documented_with_its_default() -> None:
    """A setting nobody can find does not exist."""
    for name, field in Settings.model_fields.items():
        assert f"| `EVENFLOW_{name.upper()}` | `{field.default}` | {field.description} |" in PAGE


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, what was expected and what came."""
    monkeypatch.setenv("EVENFLOW_PORT", "abc")
    with pytest.raises(InputError, match=r"EVENFLOW_PORT: expected a valid integer.*, got abc"):
        read_settings()
    monkeypatch.setenv("EVENFLOW_SCHEDULE", "02:00")
    with pytest.raises(InputError, match=r'EVENFLOW_SCHEDULE: expected JSON like \{"forecast": "02:00"\}, got text'):
        read_settings()
