"""Standard output carries results and nothing else."""

import subprocess
import sys

NOISY = """
import os
from api.cli import entry, main
def app():
    os.write(1, b"noise of a C library\\n")
    print('{"gap": 0}')
main.app = app
entry.run()
"""


def test_what_c_libraries_print_goes_to_standard_error() -> None:
    """A line on the C level does not spoil the JSON."""
    done = subprocess.run([sys.executable, "-c", NOISY], capture_output=True, text=True, check=True)
    assert done.stdout == '{"gap": 0}\n'
    assert "noise" in done.stderr
