"""`evenflow load` as a user sees it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import EvenflowError, InputError, NotReadyError
from services.load_network import load_network
from store.home import Home

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "tests" / "data" / "ok_small"
pytestmark = pytest.mark.usefixtures("warm_path")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small net's files that a test may spoil."""
    return Path(shutil.copytree(SMALL, tmp_path / "net"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _append(path: Path, *rows: str) -> None:
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(f"{row}\n" for row in rows)


def _evenflow(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["evenflow", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_load_prints_its_counts_and_a_second_changes_nothing(folder: Path, home: Home) -> None:
    """Through the command line, as JSON."""
    first, second = (_evenflow("load", folder, "--home", home.root, "--json") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    summary = json.loads(first.stdout)
    counts = {
        "parties": 10,
        "relations": 11,
        "products": 2,
        "routes": 1,
        "sales": 3,
        "signals": 2,
        "supply": 4,
        "orders": 3,
    }
    assert {name: summary[name] for name in counts} == counts
    assert (summary["changed"], summary["quarantined"]) == (True, {})
    assert json.loads(second.stdout) == summary | {"changed": False}
    assert not (folder / "quarantine").exists()


def test_strict_exits_with_the_number_and_the_first_reason(folder: Path, home: Home) -> None:
    """And changes nothing: neither the home nor the folder."""
    _append(folder / "parties.csv", "X1,shop,,,,,,,,", "X2,,,,,,,,,")
    refused = _evenflow("load", folder, "--home", home.root, "--strict", "--json")
    assert refused.returncode != 0
    assert "parties.csv, row 11: kind: expected one of brand" in refused.stderr
    assert "nothing was loaded, because --strict refuses 2 row(s)" in refused.stderr
    assert refused.stdout == ""
    assert not home.root.exists()
    assert not (folder / "quarantine").exists()


def test_strict_leaves_the_version_that_was_current(folder: Path, home: Home) -> None:
    """A good load, then a refused one."""
    version = load_network(folder, home=home).version
    _append(folder / "relations.csv", "F1,F1,supplies,1,,,,,,")
    with pytest.raises(EvenflowError, match="self_loop"):
        load_network(folder, home=home, strict=True)
    assert home.current().version == version


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("parties", "S1,store,,,,,,,,", "id: expected each (id) once, got S1"),
        ("parties", ",store,,,,,,,,", "id: expected text"),
        ("parties", f"{'x' * 121},store,,,,,,,,", "id: expected at most 120 bytes"),
        ("parties", "S9,store,,,91,0,,,,", "lat: expected a number >= -90 and <= 90 or empty, got 91"),
        ("parties", "S9,store,,,,,,-1,,", "capacity_per_day: expected a number >= 0 or empty, got -1"),
        ("relations", "S1,S1,refers,1,,,,,,", "self_loop: src and dst are the same party"),
        ("relations", "S1,S77,refers,1,,,,,,", "unknown_dst: dst is not in parties"),
        ("relations", "S77,S1,refers,1,,,,,,", "unknown_src: src is not in parties"),
        ("relations", "F1,D1,supplies,4,2025-01-01,2025-02-01,20,2000000,,", "repeated: the same src, dst, kind"),
        ("relations", "S1,S2,refers,nan,,,,,,", "weight: expected a number >= 0 and <= 3.4e+38 or empty, got nan"),
        ("relations", "S1,S2,refers,1,2026-01-02,2026-01-01,,,,", "reversed_dates: last_at before first_at"),
        (
            "relations",
            "S1,S2,refers,1,,,,,2026-01-02,2026-01-02",
            "reversed_dates: last_at before first_at, or valid_to",
        ),
        ("relations", "S1,S2,likes,1,,,,,,", "kind: expected one of supplies"),
        ("products", "A-red,A,shirts,1,1,1,1", "sku_id: expected each (sku_id) once"),
        ("products", "C,C,hats,1.5,1,1,1", "unit_cost_fen: expected a whole number >= 0 or empty, got 1.5"),
        ("supply", "X9,A-red,,5,,,,,", "supplier_id: expected the id of a party, got X9"),
        ("supply", "F1,C-green,,5,,,,,", "sku_id: expected a sku of products, got C-green"),
        ("supply", "F1,A-red,sewing,5,,,,,", "sku_id, resource: expected exactly one of them"),
        ("supply", "F1,,,5,,,,,", "sku_id, resource: expected exactly one of them"),
        ("supply", "F1,A-red,,7,,,,,", "supplier_id, sku_id, resource: the same again"),
        ("routes", "Z,usual,1,sewing,0.1", "item: expected a sku or style of products, got Z"),
        ("routes", "A,usual,2,ironing,0.1", "resource: expected a resource of supply, got ironing"),
        ("sales", "S9/A-red,2026-02-28,4,S9,A-red", "store_id: expected the id of a party, got S9"),
        ("sales", "S1/A-red,2026-03-01,-4,S1,A-red", "y: expected a number >= 0 and <= 1e+12, got -4"),
        ("sales", "S1/A-red,yesterday,4,S1,A-red", "ds: expected a date (YYYY-MM-DD), got yesterday"),
        ("signals", "A,2026-02-27T00:00:00+08:00,2026-02-28T09:00:00+08:00,stare,1,K1", "kind: expected one of view"),
        ("orders", "O9,A-red,1,X9,,", "buyer_id: expected the id of a party, got X9"),
        ("orders", "O9,C-green,1,S1,,", "sku_id: expected a sku of products, got C-green"),
        ("orders", "O9,A-red,0,S1,,", "pieces: expected a whole number > 0, got 0"),
        ("orders", "O9,A-red,1,S1,Moon,", "ship_to: expected the id of a party or a region of parties, got Moon"),
    ],
)
def test_a_row_that_cannot_be_used_is_quarantined_with_its_reason(
    folder: Path, home: Home, file: str, row: str, reason: str
) -> None:
    """The others are loaded; the quarantine holds the row's number, the reason and the cells as they came."""
    usable = load_network(folder, home=home).counts
    _append(folder / f"{file}.csv", row)
    report = load_network(folder, home=home)
    assert report.counts == usable
    assert report.quarantined == {file: 1}
    bad = pd.read_csv(folder / "quarantine" / f"{file}.csv", dtype=str, keep_default_na=False)
    assert bad["row"].tolist() == [str(usable[file] + 1)]
    assert bad["reason"][0].startswith(reason)
    assert bad.iloc[0, 2:].tolist() == row.split(",")
    assert report.summary["first_reasons"][file].startswith(f"{file}.csv, row {usable[file] + 1}: {reason}")


def test_what_points_at_a_quarantined_row_is_quarantined_too(folder: Path, home: Home) -> None:
    """Without F1: its relations (4) and supply go, with W1's rows untouched; nothing is loaded half."""
    _edit(folder / "parties.csv", "F1,factory", "F1,palace")
    report = load_network(folder, home=home)
    assert report.quarantined == {"parties": 1, "relations": 3, "supply": 1}
    assert home.current().network().n_relations == 8


def test_a_mended_file_empties_its_quarantine(folder: Path, home: Home) -> None:
    """The earlier reasons would mislead."""
    _edit(folder / "parties.csv", "K2,kol", "K2,kool")
    load_network(folder, home=home)
    assert (folder / "quarantine" / "parties.csv").exists()
    _edit(folder / "parties.csv", "K2,kool", "K2,kol")
    assert load_network(folder, home=home).quarantined == {}
    assert not list((folder / "quarantine").iterdir())


def test_parquet_loads_like_csv(folder: Path, home: Home) -> None:
    """The same version, whatever the files' form; bad rows go to a Parquet quarantine."""
    version = load_network(folder, home=home).version
    for path in folder.glob("*.csv"):
        pd.read_csv(path, dtype=str).to_parquet(path.with_suffix(".parquet"))
        path.unlink()
    assert load_network(folder, home=home).version == version
    parties = pd.read_parquet(folder / "parties.parquet")
    pd.concat([parties, parties.iloc[[0]]]).to_parquet(folder / "parties.parquet")
    assert load_network(folder, home=home).quarantined == {"parties": 1}
    assert pd.read_parquet(folder / "quarantine" / "parties.parquet")["row"].tolist() == [11]


def test_only_parties_are_required(folder: Path, home: Home) -> None:
    """Ids that point into a file which was not given are not checked."""
    for path in folder.glob("*.csv"):
        if path.stem not in ("parties", "orders"):
            path.unlink()
    assert load_network(folder, home=home).counts == {"parties": 10, "orders": 3}


def test_personal_columns_are_never_kept(folder: Path, home: Home) -> None:
    """Dropped before anything is checked, from the quarantine as well, and told."""
    orders = pd.read_csv(folder / "orders.csv", dtype=str).assign(phone="13800000000", Household_ID="7")
    orders.loc[0, "buyer_id"] = "X"
    orders.to_csv(folder / "orders.csv", index=False)
    report = load_network(folder, home=home)
    assert report.summary["dropped_personal_columns"] == {"orders": ["phone", "Household_ID"]}
    assert "phone" not in home.current().table("orders")
    assert "13800000000" not in (folder / "quarantine" / "orders.csv").read_text()


def test_further_columns_are_kept_as_attributes(folder: Path, home: Home) -> None:
    """Whatever the user's systems know besides."""
    parties = pd.read_csv(folder / "parties.csv", dtype=str).assign(gln="690")
    parties.to_csv(folder / "parties.csv", index=False)
    load_network(folder, home=home)
    assert set(home.current().table("parties")["gln"]) == {"690"}


def test_files_with_other_names_are_told(folder: Path, home: Home) -> None:
    """A slip of the pen would otherwise go unseen."""
    (folder / "relation.csv").write_text("src,dst,kind\n")
    (folder / "sales.csv").rename(folder / "Sales.CSV")
    assert load_network(folder, home=home).summary["ignored_files"] == ["Sales.CSV", "relation.csv"]


def _no_parties(folder: Path) -> None:
    (folder / "parties.csv").unlink()


def _twice(folder: Path) -> None:
    pd.read_csv(folder / "orders.csv").to_parquet(folder / "orders.parquet")


def _no_column(folder: Path) -> None:
    _edit(folder / "relations.csv", "src,dst", "from,to")


def _all_bad(folder: Path) -> None:
    (folder / "parties.csv").write_text("id,kind\nA,palace\n")


def _empty(folder: Path) -> None:
    (folder / "parties.csv").write_text("")


def _a_folder(folder: Path) -> None:
    (folder / "sales.csv").unlink()
    (folder / "sales.csv").mkdir()


def _a_link_to_nothing(folder: Path) -> None:
    (folder / "sales.csv").unlink()
    (folder / "sales.csv").symlink_to(folder / "nowhere.csv")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_parties, r"expected parties.csv or parties.parquet in it"),
        (_twice, "expected one file of orders, got orders.csv and orders.parquet"),
        (_no_column, "relations.csv: column 'src': expected this required column, got from, to"),
        (_all_bad, "parties.csv: expected at least one usable party"),
        (_empty, "parties.csv: expected a header and at least one row"),
        (_a_folder, r"sales.csv: expected a file, got a folder"),
        (_a_link_to_nothing, r"sales.csv: expected a file, got a link to nothing"),
        (shutil.rmtree, "expected a folder, got no such folder"),
    ],
)
def test_folders_that_cannot_be_loaded_change_nothing(folder: Path, home: Home, spoil: object, message: str) -> None:
    """The old version stays current and no quarantine is written."""
    version = load_network(folder, home=home).version
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        load_network(folder, home=home)
    assert home.current().version == version
    assert not (folder / "quarantine").exists()


def _quarantine_is_a_file(folder: Path, home: Path) -> None:
    del home
    (folder / "quarantine").write_text("")


def _quarantine_is_a_link_to_nothing(folder: Path, home: Path) -> None:
    del home
    (folder / "quarantine").symlink_to(folder / "nowhere")


def _quarantine_holds_a_folder(folder: Path, home: Path) -> None:
    del home
    (folder / "quarantine" / "parties.csv").mkdir(parents=True)


def _home_is_a_file(folder: Path, home: Path) -> None:
    del folder
    home.write_text("")


def _home_is_in_a_file(folder: Path, home: Path) -> None:
    del folder
    home.parent.rmdir()
    home.parent.write_text("")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_quarantine_is_a_file, "net/quarantine: expected a folder for the rows that cannot be used, got "),
        (_quarantine_is_a_link_to_nothing, "net/quarantine: expected a folder for the rows that cannot be used, got "),
        (_quarantine_holds_a_folder, r"net/quarantine/parties.csv: expected a file to write, got a folder"),
        (_home_is_a_file, "homes/home: expected a folder that can hold loaded networks, got a file"),
        (_home_is_in_a_file, "homes/home: expected a folder that can hold loaded networks, got a file"),
    ],
)
def test_places_that_cannot_be_written_are_named_before_anything_is_published(
    folder: Path, tmp_path: Path, spoil: Callable[[Path, Path], None], message: str
) -> None:
    """One line with exit code 2."""
    home = tmp_path / "homes" / "home"
    home.parent.mkdir()
    _append(folder / "parties.csv", "X1,shop,,,,,,,,")
    spoil(folder, home)
    refused = _evenflow("load", folder, "--home", home)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert message in line
    assert not home.is_dir()


def _current_is_empty(home: Home) -> None:
    (home.root / "current").write_text("")


def _current_names_nothing(home: Home) -> None:
    (home.root / "current").write_bytes(b"\xffgone")


def _manifest_is_cut(home: Home) -> None:
    manifest = home.current().root / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:9])


def _manifest_is_missing(home: Home) -> None:
    (home.current().root / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (_current_is_empty, "current"),
        (_current_names_nothing, "current"),
        (_manifest_is_cut, "manifest.json"),
        (_manifest_is_missing, "manifest.json"),
    ],
)
def test_a_damaged_home_is_told_and_can_be_loaded_over(
    folder: Path, home: Home, damage: Callable[[Home], None], file: str
) -> None:
    """The message names the file; the same files loaded again mend it."""
    version = load_network(folder, home=home).version
    damage(home)
    again = Home(home.root)
    with pytest.raises(NotReadyError, match=f"{file}: .*run `evenflow load DIR` again"):
        again.current()
    assert load_network(folder, home=again).version == version
    assert len(Home(home.root).current().table("parties")) == 10


def test_damaged_tables_are_replaced(folder: Path, home: Home) -> None:
    """A version is named by its tables; what does not match its name is written again."""
    version = load_network(folder, home=home).version
    (home.current().root / "tables" / "sales.parquet").write_bytes(b"PAR1")
    assert load_network(folder, home=home).version == version
    assert len(Home(home.root).current().table("sales")) == 3
