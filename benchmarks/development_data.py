"""Where the development data are: never part of the product, named by EVENFLOW_DATA."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["data_dir"]


def data_dir() -> Path:
    """Return the folder of the development data: EVENFLOW_DATA, else ``../shared/data`` beside the repository."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("EVENFLOW_DATA", default))
