"""Nothing that was written stays out of sight."""

import re
from pathlib import Path

from api.cli.main import app

ROOT = Path(__file__).resolve().parents[3]


def test_every_page_is_in_the_navigation() -> None:
    """A page that no menu names is not found."""
    pages = {str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")}
    listed = set(re.findall(r"([\w/-]+\.md)", (ROOT / "mkdocs.yml").read_text()))
    assert pages == listed


def test_every_command_is_in_the_reference() -> None:
    """The reference of the command line prints the help of each command there is."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert {command.name for command in app.registered_commands} == set(re.findall(r"<!-- help: (\S+) -->", page))
