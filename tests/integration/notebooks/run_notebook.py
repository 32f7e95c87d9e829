"""Run one notebook in a kernel of this interpreter and say how many of its code cells showed something.

A process of its own: what the kernel's client leaves open ends with it.
"""

import sys
from pathlib import Path

import jupytext
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient


class ThisPython(KernelSpecManager):
    """The kernel of the running interpreter, whatever is installed where."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="this Python", language="python")


def run(path: Path, folder: Path) -> tuple[int, int]:
    """Return how many code cells there are and how many showed something."""
    book = jupytext.read(path)
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython(), ip="127.0.0.1")
    NotebookClient(book, km=manager, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    return len(cells), sum(bool(cell.get("outputs")) for cell in cells)


if __name__ == "__main__":
    cells, shown = run(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{cells} {shown}\n")
