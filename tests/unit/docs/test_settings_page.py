"""Every setting stands in the documentation, with its default."""

from pathlib import Path

from api.settings import Settings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "settings.md").read_text()


def test_every_setting_is_documented_with_its_default() -> None:
    """A setting nobody can find does not exist."""
    for name, field in Settings.model_fields.items():
        assert f"| `EVENFLOW_{name.upper()}` | `{field.default}` | {field.description} |" in PAGE
