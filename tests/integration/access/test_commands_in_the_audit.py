"""Commands that write to the database have their line in the audit, without their options' values."""

import json
import subprocess
import sys
from pathlib import Path

from services.access import OPERATOR
from services.audit import audited
from store.audit import AuditSearch
from store.database import Database
from store.engines import default_url

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))


def test_a_command_that_makes_a_key_is_audited(tmp_path):
    """By whom and which command, kept with the key."""
    asked = [EVENFLOW, "keys", "create", "--name", "secret-name", "--role", "router", "--home", str(tmp_path)]
    subprocess.run(asked, capture_output=True, check=True)
    database = Database.open(default_url(tmp_path))
    lines = audited(database, OPERATOR, search=AuditSearch(method="CLI"), after=0, limit=10)
    database.close()
    assert [(line["path"], line["status"]) for line in lines] == [("evenflow keys create", 200)]
    assert lines[0]["principal"].startswith("user:")
    assert "secret-name" not in json.dumps(lines)
