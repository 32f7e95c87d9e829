"""Write the generated parts of docs/reference: the files' columns, the commands' help, who may do what.

`--check` writes nothing and fails if a page is stale. In a page, everything between `<!-- columns: MODULE:NAME -->`,
`<!-- help: COMMAND -->`, `<!-- roles: MODULE -->` or `<!-- access: MODULE -->` and the next `<!-- end -->` is
generated; the prose around it is written by hand.
"""

import importlib
import os
import re
import sys
from pathlib import Path

from contracts.tables import Column, TableSchema

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
PAGES = ("files.md", "cli.md", "access.md")
PART = re.compile(r"(<!-- (columns|help|roles|access): ?(\S*) -->\n).*?(<!-- end -->)", re.DOTALL)


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


def roles_table(module: str) -> str:
    """Return the Markdown table of scopes and which roles hold them."""
    access = importlib.import_module(module)
    rows = []
    for scope, meaning in access.SCOPES.items():
        holders = ", ".join(role for role, held in access.ROLES.items() if scope in held)
        rows.append(f"| `{scope}` | {meaning} | {holders} |")
    return "\n| scope | opens | roles |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"


def access_table(module: str) -> str:
    """Return the Markdown table of the operations, the scope each takes and what it is drawn from."""
    import tempfile

    from api.http.app import create_app
    from api.settings import Settings

    access = importlib.import_module(module)
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home), workers=1))
        app.state.house.board.close()
    rows = []
    for path, methods in sorted(app.openapi()["paths"].items()):
        for method, operation in methods.items():
            needed = access.ACCESS[operation["operationId"]]
            scope = f"`{needed.scope}`" if needed.scope else "any key" if needed.reach.name != "ANYONE" else "none"
            kept = "in the audit" if needed.writes else ""
            rows.append(f"| `{method.upper()} {path}` | {scope} | {needed.reach.name.lower()} | {kept} |")
    return "\n| route | scope | drawn from | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"


def renewed(text: str) -> str:
    """Return the page with its generated parts made anew."""
    make = {"columns": columns_table, "help": help_text, "roles": roles_table, "access": access_table}
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
