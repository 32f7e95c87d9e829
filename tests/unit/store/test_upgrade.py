"""The database's forms: each can be reached from each, on both databases, with rows in the tables."""

import pytest
from sqlalchemy import Engine, MetaData, Table, insert, inspect, select

from contracts.errors import InputError, NotReadyError
from store.database import Database
from store.schema import METADATA
from store.upgrade import newest, revisions

ROOM = {"total": 9, "fence_fen": 9}  # what fences must be above


def sample(table: Table) -> dict:
    """Return a row that every check of the table accepts."""
    states = {"score_reviews": "upheld", "parked_work": "parked", "webhook_deliveries": "waiting"}
    kinds = {"state": states.get(table.name, "held"), "pieces": 3, "taken_pieces": 3} | ROOM
    kinds |= {"kind": "sale"} if table.name == "facts" else {}
    return {
        column.name: kinds.get(column.name, 1 if any(word in str(column.type) for word in ("INT", "DOUBLE")) else "x")
        for column in table.columns
        if not column.nullable and not (column.primary_key and table.name == "outbox")
    }


def counts(engine: Engine) -> dict[str, int]:
    """Return how many rows each table has."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        return {
            name: len(connection.execute(select(table)).all())
            for name, table in found.tables.items()
            if name != "alembic_version"
        }


def fill(engine: Engine) -> None:
    """Put a row in every table that is empty."""
    found = MetaData()
    found.reflect(engine)
    with engine.begin() as connection:
        for name, rows in counts(engine).items():
            if not rows:
                connection.execute(insert(found.tables[name]).values(sample(found.tables[name])))


@pytest.fixture
def bare(database_url):
    """The module's database without tables."""
    database = Database.open(database_url)
    if database.form() is not None:
        database.downgrade("base")
    yield database
    database.close()


def test_step_by_step_with_rows_in_every_table(bare):
    """Forward and back, one form at a time: rows of the tables that stay are kept."""
    for form in revisions():
        bare.upgrade(form)
        fill(bare.engine)
    kept = counts(bare.engine)
    assert kept == dict.fromkeys(METADATA.tables, 1)
    for form in ["base", *revisions()[:-1]][::-1]:
        bare.downgrade(form)
        kept = {name: rows for name, rows in kept.items() if inspect(bare.engine).has_table(name)}
        assert counts(bare.engine) == kept
    assert kept == {}
    bare.upgrade()
    assert bare.form() == newest()


def test_the_last_form_is_what_the_program_declares(bare):
    """Tables, columns, keys, indexes: no difference between the migrations and the schema."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    bare.upgrade()
    with bare.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def checks(engine: Engine, table: str) -> set[str]:
    """Return the names of a table's checks."""
    return {str(check["name"]) for check in inspect(engine).get_check_constraints(table)}


def test_the_fences_are_declared_and_there(bare):
    """What Alembic does not compare: the checks."""
    bare.upgrade()
    for table in METADATA.tables.values():
        declared = {str(check.name) for check in table.constraints if type(check).__name__ == "CheckConstraint"}
        assert checks(bare.engine, table.name) == declared


@pytest.mark.parametrize("table", METADATA.tables.values(), ids=lambda table: table.name)
def test_every_table_says_whose_its_rows_are(table):
    """No table without a tenant."""
    assert not table.columns["tenant"].nullable


def test_forms_are_plain_numbers_in_one_line():
    """One form follows another: two that follow the same are for the one who lands later to renumber."""
    assert revisions() == [f"{number:04d}" for number in range(1, len(revisions()) + 1)]


def test_a_newer_database_is_refused(bare):
    """A form from the future: the program must be upgraded, nothing is touched."""
    bare.upgrade()
    with bare.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for attempt in (bare.upgrade, bare.make_ready):
        with pytest.raises(NotReadyError, match="has form 9999, this program knows none after"):
            attempt()
    with bare.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newest()}'")


def test_a_database_downgraded_while_it_is_open_is_told(bare):
    """Whoever misses a table hears of the form and what to do, not of a bug."""
    bare.upgrade()
    bare.make_ready()
    other = Database.open(bare.url.render_as_string(hide_password=False))
    other.downgrade("0001")
    other.close()
    read = lambda connection: connection.execute(select(METADATA.tables["webhooks"])).all()  # noqa: E731
    for attempt in (bare.read, bare.write):
        with pytest.raises(NotReadyError, match="the database has form 0001, this program needs"):
            attempt(read)
    bare.upgrade()
    assert bare.read(read) == []


def test_the_way_must_lead_where_it_says(bare):
    """An unknown form, or one in the other direction."""
    bare.upgrade()
    with pytest.raises(InputError, match=r"--to: expected one of base, 0001, .* got 17"):
        bare.upgrade("17")
    with pytest.raises(InputError, match=r"--to: expected a form newer than .* got 0001"):
        bare.upgrade("0001")
    bare.downgrade("0001")
    with pytest.raises(InputError, match=r"--to: expected a form older than 0001, got"):
        bare.downgrade(newest())


def test_postgresql_is_only_upgraded_on_purpose(postgres_url):
    """An empty or an old one says which command helps."""
    database = Database.open(postgres_url)
    if database.form() is not None:
        database.downgrade("base")
    with pytest.raises(NotReadyError, match=r"the database is empty, .* run `evenflow db upgrade`"):
        database.make_ready()
    database.upgrade("0001")
    with pytest.raises(NotReadyError, match=r"the database has form 0001, .* run `evenflow db upgrade`"):
        database.make_ready()
    database.upgrade()
    database.make_ready()
    database.close()


def test_a_file_is_made_with_its_folder(tmp_path):
    """SQLite needs no command: the first use makes it."""
    database = Database.open(f"sqlite:///{tmp_path}/a/b/c.db")
    database.make_ready()
    assert database.form() == newest()
    database.close()
