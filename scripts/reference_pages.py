"""Write the generated parts of docs/reference: the files' columns (from the schemas) and the commands' help.

`--check` writes nothing and fails if a page is stale. In a page, everything between `<!-- columns: MODULE:NAME -->` or
`<!-- help: COMMAND -->` and the next `<!-- end -->` is generated; the prose around it is written by hand.
"""

import importlib
import os
import re
import sys
from pathlib import Path

from contracts.tables import Column, TableSchema

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
PAGES = ("files.md", "cli.md")
PART = re.compile(r"(<!-- (columns|help): ?(\S*) -->\n).*?(<!-- end -->)", re.DOTALL)


def columns_table(address: str) -> str:
    """Return the Markdown table of the schema at `module:NAME`."""
    module, name = address.split(":")
    schema: TableSchema = getattr(importlib.import_module(module), name)
    rows = [_row(column) for column in schema.columns]
    key = f"\nOne row per {', '.join(f'`{part}`' for part in schema.key)}.\n" if schema.key else ""
    return "\n| column | cell | must be there | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + f"\n{key}\n"


def _row(column: Column) -> str:
    required = "yes" if column.required else "no"
    return f"| `{column.name}` | {column.expected} | {required} | {column.description} |"


def help_text(command: str) -> str:
    """Return what `evenflow COMMAND --help` prints, 100 columns wide."""
    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb", TERMINAL_WIDTH="100")  # rich reads them on import
    from typer.testing import CliRunner

    from api.cli.main import app

    done = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="evenflow", catch_exceptions=False)
    lines = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
    return f"\n```text\n{lines}\n```\n\n"


def renewed(text: str) -> str:
    """Return the page with its generated parts made anew."""
    make = {"columns": columns_table, "help": help_text}
    return PART.sub(lambda part: part[1] + make[part[2]](part[3]) + part[4], text)


def main(arguments: list[str]) -> int:
    """Renew or check each page."""
    stale = 0
    for name in PAGES:
        page = REFERENCE / name
        text = page.read_text()
        fresh = renewed(text)
        if fresh != text and "--check" in arguments:
            stale += 1
            print(f"{name} is stale: run `python scripts/reference_pages.py`", file=sys.stderr)
        elif fresh != text:
            page.write_text(fresh)
            print(f"{name}: renewed")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
