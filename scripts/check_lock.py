"""Check that the lock files still answer pyproject.toml: compile them anew and compare the pins.

Hashes are left out of the comparison: an index may gain a file for a release that is already pinned.
The compile command comes as arguments (see the Makefile).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCKS = {
    "requirements.lock": ["--group", "build", "--extra", "console", "--extra", "demo", "--extra", "train"],
    "requirements-dev.lock": ["--extra", "dev", "--extra", "cluster", "-c", "requirements.lock"],
}


def pins(path: Path) -> set[str]:
    """Return the `name==version` lines of a lock file, environment markers included."""
    lines = (line.rstrip(" \\") for line in path.read_text().splitlines())
    return {line for line in lines if re.match(r"[a-z0-9]", line)}


def main(compile_command: list[str]) -> int:
    """Compile each lock beside its current pins; print and count what differs."""
    stale = 0
    for name, options in LOCKS.items():
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder, name)
            shutil.copy(name, fresh)
            subprocess.run([*compile_command, *options, "-o", str(fresh)], check=True)
            for pin in sorted(pins(Path(name)) ^ pins(fresh)):
                stale += 1
                print(f"{name}: {'left over' if pin in pins(Path(name)) else 'missing'}: {pin}", file=sys.stderr)
    print("locks: stale, run `make lock`" if stale else "locks: ok")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
