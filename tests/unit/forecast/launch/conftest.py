import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def seasons():
    """The module of small seasons beside this file (tests are no package)."""
    spec = importlib.util.spec_from_file_location("launch_seasons", Path(__file__).with_name("seasons.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_season(seasons):
    """Styles, signals and sales of 160 launches."""
    return seasons.season()
