"""Fixtures that every test folder shares."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import services.job_process  # has named its own preloads, which those below stand for
from benchmarks.postgres import Cluster, postgres_programs
from store.database import Database
from store.schema import METADATA

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVENFLOW_ACCESS", "open")  # tests of access ask for keys themselves
os.environ.setdefault("EVENFLOW_ALLOWED_HOSTS", "testserver")  # what clients in the process call the server
# A job is a fork of a server of forks. What most jobs import is imported there once, not in each of them.
multiprocessing.get_context("forkserver").set_forkserver_preload(
    [
        services.job_process.__name__,
        "services.run_network",
        "lightgbm",
        "numba",
        "scipy.optimize",
        "scipy.sparse.csgraph",
    ]
)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment whose `evenflow` is a fork of an interpreter that has imported everything (tests/warm)."""
    folder = Path(tempfile.mkdtemp(prefix="evenflow-warm-"))  # short: a socket's path has at most 107 bytes
    programs = tmp_path_factory.mktemp("bin")
    (programs / "evenflow").symlink_to(ROOT / "tests" / "warm" / "command.py")
    command = [sys.executable, str(ROOT / "tests" / "warm" / "commands.py"), str(folder / "socket")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        while not (folder / "socket").exists():
            assert process.poll() is None, "the warm interpreter ended"
            time.sleep(0.02)
        path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        yield {**os.environ, "PATH": path, "EVENFLOW_WARM": str(folder / "socket")}
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def warm_path(warm: dict[str, str]) -> Iterator[None]:
    """`evenflow` in PATH is the warm one for the tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PATH", "EVENFLOW_WARM"):
            patch.setenv(name, warm[name])
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("EVENFLOW_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"development data not found at {folder} (set EVENFLOW_DATA)")
    return folder


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this test process; without one the test fails in CI and is skipped elsewhere."""
    if postgres_programs() is None:
        missing = "no PostgreSQL to test on: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    cluster = Cluster(durable=False)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: Cluster) -> str:
    """The name of a PostgreSQL database with all tables: a copy takes a fraction of what its making took."""
    url = postgres_cluster.new_database()
    database = Database.open(url)
    database.upgrade()
    database.close()
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="module")
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty PostgreSQL database of the module's own."""
    url = postgres_cluster.new_database()
    yield url
    postgres_cluster.drop_database(url)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of the module's own with all tables, of each kind in turn: what holds on one must on the other."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'evenflow.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.new_database(template=request.getfixturevalue("postgres_template"))
    yield url
    cluster.drop_database(url)


@pytest.fixture(scope="module")
def upgraded(database_url: str) -> Iterator[Database]:
    """The module's database, open."""
    database = Database.open(database_url)
    database.make_ready()
    yield database
    database.close()


@pytest.fixture
def database(upgraded: Database) -> Database:
    """A database with all tables, empty."""
    with upgraded.engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    return upgraded
