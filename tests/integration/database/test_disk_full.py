"""PostgreSQL on a disk that is full: a clear refusal that changes nothing, then recovery."""

import itertools
import subprocess

import pytest

from contracts.errors import UnavailableError
from services.hold_decision import Candidate, Order
from services.reserve import Desk, HoldTerms, hold_at
from services.viewer import Viewer
from store.booking.capacity import Capacity, list_capacities, put_capacities
from store.database import Database

_MIB = 2**20


@pytest.fixture
def small_disk(postgres_cluster):
    """A file system of 16 MiB where the server may go, for root only."""
    folder = postgres_cluster.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount program")
    if done.returncode:
        pytest.skip(f"a small disk takes the right to mount one: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_gets_over_it(postgres_cluster, small_disk):
    """What is refused has not happened; once there is room it does, and what was held before is still there."""
    url = postgres_cluster.new_database(folder=small_disk)
    database = Database.open(url)
    database.upgrade()
    put_capacities(database, [Capacity(supplier_id="s", good="k", bucket="", offered=10**6)], now_ms=0)
    desk, candidate = Desk(database), Candidate(supplier_id="s", good="k")

    def hold(key: str) -> int:
        order = Order(order_id="o" * 200, buyer_id="b", sku_id="k" * 200, pieces=1)
        with desk.write(Viewer(), key, {}) as write:
            return hold_at(desk, write, order, candidate, HoldTerms()).status

    def reserved() -> int:
        return list_capacities(database, tenant=None, supplier_id="s", after=None, limit=1)[0]["reserved"]

    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        file.writelines(itertools.repeat(bytes(_MIB // 16)))
    held = []
    with pytest.raises(UnavailableError, match=r"could not (extend|write).*No space left on device"):
        held.extend(hold(f"key-{n}") for n in range(2000))
    assert held == [201] * len(held)
    assert reserved() == len(held)
    ballast.unlink()
    assert [hold(f"key-{len(held)}"), hold("key-0")] == [201, 201]
    assert reserved() == len(held) + 1
    database.close()
    postgres_cluster.drop_database(url)
    postgres_cluster.psql("DROP TABLESPACE small")
