"""Fixtures that every test folder shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.postgres import Cluster, postgres_programs
from store.database import Database
from store.schema import METADATA

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("EVENFLOW_ACCESS", "open")  # tests of access ask for keys themselves
os.environ.setdefault("EVENFLOW_ALLOWED_HOSTS", "testserver")  # what clients in the process call the server


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
