"""A command in the warm interpreter is what it is in its own (tests/warm)."""

import os
import subprocess
import sys
from pathlib import Path

COLD = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_streams_folder_environment_and_exit_code_are_the_commands_own(warm, tmp_path):
    """What each way prints, writes and ends with is the same: a success, a wrong input, a wrong option."""
    (tmp_path / "orders.csv").write_text("order_id,sku_id,pieces\no1,A,1\n")
    for words in (
        "--version",
        "match --orders orders.csv",
        "load nothing",
        "match --no-such-option",
        "keys list --json",
    ):
        told = []
        for name, way in (("cold", COLD), ("warm", warm)):
            environment = {**way, "EVENFLOW_HOME": name}
            run = subprocess.run(
                ["evenflow", *words.split()], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            told.append((run.returncode, run.stdout, run.stderr.replace(name, "")))
        assert told[0] == told[1], words
