"""The shelf of models: roles move in one step, and nothing that is not whole ever serves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.errors import InputError, NotReadyError, UnknownIdError
from store.models import Shelf

FILES = {"spec.json": b'{"a":1}' * 50, "arrays.npz": bytes(range(256)) * 40, "trees-0.txt": b"tree\n" * 300}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Versions 1 to 3, of which 1 and then 2 were promoted."""
    shelf = Shelf(tmp_path, "demand")
    for version in "123":
        shelf.put(version, {**FILES, "which.txt": version.encode()}, {"run": version})
    shelf.promote("1")
    shelf.promote("2")
    return shelf


def serves(shelf: Shelf) -> str:
    """The version that a server would read now."""
    return shelf.champion()[0].files["which.txt"].decode()


def test_promotion_and_rollback_move_one_champion(shelf: Shelf) -> None:
    """The last one promoted serves; rollback walks back as often as there is somebody."""
    assert serves(shelf) == "2"
    shelf.promote("3")
    shelf.promote("3")
    assert serves(shelf) == "3"
    shelf.rollback()
    assert serves(shelf) == "2"
    shelf.rollback()
    assert serves(shelf) == "1"
    with pytest.raises(NotReadyError, match="no champion before this one"):
        shelf.rollback()
    assert serves(shelf) == "1"


def test_what_killed_promotions_left_is_cleared(shelf: Shelf) -> None:
    """The next one who moves a role tidies up."""
    (shelf.root / ".roles.json.abc").write_text("half")
    shelf.promote("3")
    assert sorted(path.name for path in shelf.root.iterdir()) == ["lock", "roles.json", "versions"]


def test_challengers_do_not_serve(shelf: Shelf) -> None:
    """A challenger waits; being promoted it is none any more."""
    shelf.challenge(shelf.read("3").ref)
    assert serves(shelf) == "2"
    assert shelf.roles().challenger.version == "3"
    assert shelf.promote("3").challenger is None


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("keep", [0, 1, 7, 100, -1])
def test_a_champion_cut_short_is_refused_and_the_one_before_serves(shelf: Shelf, name: str, keep: int) -> None:
    """At whatever byte, the error names file, size expected and size found."""
    path = shelf.root / "versions" / "2" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    kept, refused = shelf.champion()
    assert kept.files["which.txt"] == b"1"
    assert str(path) in refused
    assert "expected" in refused
    if name != "manifest.json":
        assert f"{len(whole):,} bytes, got {len(whole[:keep]):,}" in refused
    with pytest.raises(NotReadyError, match=r"model file .*versions/2/"):
        shelf.promote("2")


def test_a_flipped_byte_is_found(shelf: Shelf) -> None:
    """Same size, other content; also a manifest that was made to agree with it."""
    path = shelf.root / "versions" / "2" / "arrays.npz"
    data = bytearray(path.read_bytes())
    data[17] ^= 1
    path.write_bytes(bytes(data))
    kept, refused = shelf.champion()
    assert kept.ref.version == "1"
    assert "SHA-256" in refused
    manifest = path.with_name("manifest.json")
    manifest.write_bytes(manifest.read_bytes().replace(b'"run":"2"', b'"run":"9"'))
    assert "manifest.json" in shelf.champion()[1]


def test_a_damaged_version_is_not_promoted_and_not_returned_to(shelf: Shelf) -> None:
    """The champion stays who it was."""
    (shelf.root / "versions" / "3" / "trees-0.txt").unlink()
    with pytest.raises(NotReadyError, match="No such file"):
        shelf.promote("3")
    assert serves(shelf) == "2"
    (shelf.root / "versions" / "1" / "spec.json").write_bytes(b"")
    with pytest.raises(NotReadyError, match="got 0"):
        shelf.rollback()
    assert serves(shelf) == "2"
    shelf.put("3", {**FILES, "which.txt": b"3"}, {"run": "3"})
    assert shelf.promote("3").champion.version == "3"


def test_a_version_is_never_replaced_by_another_model(shelf: Shelf) -> None:
    """A registry that was made anew counts from 1 again."""
    with pytest.raises(InputError, match="version 2: expected the model demand kept"):
        shelf.put("2", FILES, {"run": "other"})
    assert serves(shelf) == "2"


def test_damaged_roles_are_told_and_mended(shelf: Shelf) -> None:
    """A file of roles cut short names the way out."""
    path = shelf.root / "roles.json"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(NotReadyError, match="damaged file; `evenflow promote VERSION`"):
        shelf.champion()
    shelf.promote("1")
    assert serves(shelf) == "1"


@pytest.mark.parametrize(
    "text",
    [
        '{"champion": {"version": 2, "manifest": "x"}, "challenger": null, "previous": []}',
        '{"champion": null, "challenger": null, "previous": [{"version": "1", "manifest": null}]}',
    ],
)
def test_roles_of_wrong_types_are_damaged_roles(shelf: Shelf, text: str) -> None:
    """JSON that parses is not roles yet."""
    (shelf.root / "roles.json").write_text(text)
    with pytest.raises(NotReadyError, match="damaged file"):
        shelf.champion()


@pytest.mark.parametrize("change", [{"files": []}, {"files": None}, {"files": {"spec.json": {}}}, {"card": None}])
def test_a_manifest_that_is_none_is_named(shelf: Shelf, change: dict[str, object]) -> None:
    """It parses, but tells neither files nor a card: such a version is listed as damaged and never promoted."""
    path = shelf.root / "versions" / "3" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    with pytest.raises(NotReadyError, match=r"manifest\.json: expected a manifest"):
        shelf.promote("3")
    assert "expected a manifest" in shelf.cards()["3"]
    assert serves(shelf) == "2"


def test_wrong_names_are_refused(tmp_path: Path, shelf: Shelf) -> None:
    """Neither a name nor a version reaches outside the folder."""
    for name in ("", "..", "a/b", "Ä", "x" * 41):
        with pytest.raises(InputError, match="--name"):
            Shelf(tmp_path, name)
    for version in ("4", "..", "1/..", "latest"):
        with pytest.raises(UnknownIdError, match="unknown version"):
            shelf.promote(version)


def test_nothing_promoted_names_the_commands(tmp_path: Path) -> None:
    """An empty home says what to do."""
    with pytest.raises(NotReadyError, match="`evenflow train`"):
        Shelf(tmp_path, "demand").champion()
    assert Shelf(tmp_path, "demand").cards() == {}


_SWINGER = """
import sys
from pathlib import Path
from store.models import Shelf
shelf = Shelf(Path(sys.argv[1]), "demand")
print("up", flush=True)
while True:
    for version in "3123":
        shelf.put(str(int(version) + 10), {"which.txt": version.encode()}, {"run": version})
        shelf.promote(version)
    shelf.rollback()
"""


def test_killed_at_any_moment_the_old_or_the_new_champion_serves(shelf: Shelf) -> None:
    """Twelve kills in the middle of promotions; a reader beside them never meets a mixture."""
    for kill in range(12):
        done = subprocess.Popen([sys.executable, "-c", _SWINGER, str(shelf.root.parent)], stdout=subprocess.PIPE)
        done.stdout.readline()
        end = time.monotonic() + 0.02 + 0.013 * kill
        while time.monotonic() < end:
            kept, refused = shelf.champion()
            assert refused is None
            assert kept.files["which.txt"].decode() == kept.ref.version == kept.card["run"]
        os.kill(done.pid, signal.SIGKILL)
        done.wait()
        done.stdout.close()
        kept, refused = shelf.champion()
        assert refused is None
        assert kept.files["which.txt"].decode() == kept.ref.version
    shelf.promote("2")
    assert serves(shelf) == "2"
    assert not list((shelf.root / "versions").glob(".staging*"))
