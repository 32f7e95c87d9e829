"""The code blocks of the README and the documentation can be pasted: they say what they are and set what they use."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GIVEN = {"EVENFLOW_KEY"}  # the reader has it from the first start of the server


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_names_its_language_and_sets_its_variables(page: Path) -> None:
    """A block in bash uses no variable that it does not set itself: each is run by itself, an unset one ends it."""
    for language, code in FENCE.findall(page.read_text()):
        assert language, f"a block without a language would not be run: {code}"
        if language == "bash":
            used = set(re.findall(r"\$\{?([A-Za-z_]\w*)", code))
            assigned = set(re.findall(r"(?:^|[\s;])(?:for |read )?([A-Za-z_]\w*)(?:=| in )", code))
            assert used <= assigned | GIVEN, (used - assigned - GIVEN, code)
