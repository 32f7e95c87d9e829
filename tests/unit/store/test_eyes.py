"""The second fence on PostgreSQL: a query that forgets to ask whose rows they are finds none of others."""

import pytest
from sqlalchemy import create_engine, insert, select, text

from store.database import Database
from store.eyes import as_tenant
from store.schema import AUDIT, OUTBOX
from store.upgrade import upgrade


@pytest.fixture(scope="module")
def fenced(postgres_cluster) -> Database:
    """A database of a role that is no superuser, with a row of each of two tenants and of the operator."""
    postgres_cluster.psql("CREATE ROLE ordinary LOGIN")
    url = postgres_cluster.new_database().replace("evenflow@", "ordinary@")
    postgres_cluster.psql(f"ALTER DATABASE {url.partition('@/')[2].partition('?')[0]} OWNER TO ordinary")
    database = Database.open(url)
    upgrade(database.engine)
    row = {"topic": "t", "subject": "s", "payload": "{}", "created_at_ms": 1}
    rows = [row | {"tenant": tenant} for tenant in ("a", "b", "")]
    database.write(lambda connection: connection.execute(insert(OUTBOX), rows))
    yield database
    database.close()


def tenants(connection) -> list[str]:
    """Return whose rows a query that asks for none in particular finds."""
    return sorted(connection.scalars(select(OUTBOX.c.tenant)))


def test_a_read_for_a_tenant_finds_only_its_rows(fenced):
    """Everybody's again afterwards, on the same connections; an unknown tenant has none."""
    for _ in range(3):
        with as_tenant("a"):
            assert fenced.read(tenants) == ["a"]
            assert fenced.read(tenants, whole=True) == ["", "a", "b"]
        with as_tenant("nobody"):
            assert fenced.read(tenants) == []
        assert fenced.read(tenants) == ["", "a", "b"]


def test_writes_within_are_the_programs_own(fenced):
    """They look after the whole house: the audit of a tenant's request, the sweeping of others' holds."""
    with as_tenant("a"):
        assert fenced.write(tenants) == ["", "a", "b"]


def test_a_session_that_names_no_tenant_finds_nothing(fenced):
    """Nor may it write: not even the owner of the tables is let through."""
    engine = create_engine(fenced.url)
    with engine.connect() as connection:
        assert tenants(connection) == []
        connection.execute(text("SELECT set_config('evenflow.tenant', 'b', true)"))
        assert tenants(connection) == ["b"]
        connection.rollback()
        assert tenants(connection) == []
        with pytest.raises(Exception, match="row-level security"):
            connection.execute(insert(OUTBOX).values(tenant="a", topic="t", subject="s", payload="", created_at_ms=1))
    engine.dispose()


def test_every_table_that_tenants_are_kept_apart_in_has_the_fence(fenced):
    """Capacities, credits and opt-outs are looked at across tenants by what they are for."""
    query = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
    found = set(fenced.read(lambda connection: connection.scalars(query).all()))
    open_to_all = {"capacities", "credits", "score_opt_outs"}
    assert found == {table.name for table in AUDIT.metadata.sorted_tables} - open_to_all
