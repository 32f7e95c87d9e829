"""`evenflow ingest` as a user runs it: once or twice, with rows that cannot be used, and what it never keeps."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from forecast.signals import as_known
from services.connectors.payload import Call
from services.ingest import Inlet, forget_party, ingest_file
from store.database import Database
from store.engines import default_url

PAYLOADS = Path(__file__).resolve().parents[2] / "data" / "payloads"
FILES = [
    ("wechat-articles", "wechat_articles.json"),
    ("wechat-articles", "wechat_articles_former.json"),
    ("wechat-miniprogram", "wechat_miniprogram.json"),
    ("wecom-groups", "wecom_groups.json"),
    ("wecom-members", "wecom_members.json"),
    ("wechat-shop", "wechat_shop.json"),
    ("wechat-shop", "wechat_shop_older.json"),
    ("wechat-promoters", "wechat_promoters.json"),
    ("weibo", "weibo_show.json"),
    ("douyin", "douyin.json"),
    ("taobao", "taobao.json"),
    ("csv", "xiaohongshu.csv"),
]
NOW = "2026-03-02 12:00:00"
pytestmark = pytest.mark.usefixtures("warm_path")


@pytest.fixture
def folder(tmp_path):
    """The payloads, where a quarantine may be written beside them."""
    return Path(shutil.copytree(PAYLOADS, tmp_path / "payloads"))


def take(inlet, folder, source, name, **options):
    layout = folder / "xiaohongshu.toml" if source == "csv" else None
    call = Call(fetched_at=NOW)
    return ingest_file(source, folder / name, inlet, call=call, style_map=folder / "map.csv", layout=layout, **options)


def run(*arguments):
    return subprocess.run(["evenflow", *map(str, arguments)], capture_output=True, text=True, check=False)


def in_process(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False).stdout


def test_the_command_takes_a_file_in_and_its_repetition_changes_nothing(folder, tmp_path):
    """Rows and reasons are counted; the second time every row is known."""
    options = ("--map", folder / "map.csv", "--observed-at", NOW, "--home", tmp_path / "home", "--json")
    first = run("ingest", "weibo", folder / "weibo_count.json", *options)
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (told["applied"], told["known"], told["quarantined"]) == (2, 0, 2)
    assert told["first_reason"].startswith("weibo_count.json, payload 2 (signals): external_id: expected an id that")
    quarantined = pd.read_csv(folder / "quarantine" / "weibo_count.csv", dtype=str)
    assert quarantined["external_id"].tolist() == ["3543748358960700"] * 2
    again = json.loads(in_process("ingest", "weibo", folder / "weibo_count.json", *options))
    assert (again["applied"], again["known"], again["quarantined"]) == (0, 2, 2)


def test_a_wrong_file_or_option_is_one_line_and_keeps_nothing(folder, tmp_path):
    """The exit is not 0, nothing is half kept."""
    for arguments, words in [
        (("myspace", folder / "weibo_count.json"), "SOURCE: expected one of"),
        (("weibo", folder / "nothing.json"), "expected a file, got no such file"),
        (("weibo", folder / "weibo_count.json", "--observed-at", "soon"), "--observed-at: expected a moment"),
        (("weibo", folder / "weibo_count.json", "--map", folder / "map.csv", "--strict"), "--strict refuses 2"),
    ]:
        done = CliRunner().invoke(app, ["ingest", *map(str, arguments), "--home", str(tmp_path / "home")])
        assert isinstance(done.exception, EvenflowError)
        assert words in str(done.exception)
        assert done.stdout == ""
    assert Inlet.of(tmp_path / "home").facts.signals.read().empty


def test_a_mended_map_lets_quarantined_rows_in(folder, tmp_path):
    """Only the rows that were left out are new, and the quarantine goes."""
    inlet = Inlet.of(tmp_path / "home")
    take(inlet, folder, "weibo", "weibo_count.json")
    with (folder / "map.csv").open("a") as file:
        file.write("weibo,3543748358960700,B\n")
    found = take(inlet, folder, "weibo", "weibo_count.json")
    assert (found.applied, found.known, found.quarantined) == (2, 2, 0)
    assert not (folder / "quarantine" / "weibo_count.csv").exists()


def test_the_order_of_files_does_not_matter(folder, tmp_path):
    """Whatever comes first, the same is kept and known."""
    homes = [Inlet.of(tmp_path / name, key="the same secret key") for name in "ab"]
    for inlet, files in zip(homes, (FILES, FILES[::-1] + FILES[:3]), strict=True):
        for source, name in files:
            take(inlet, folder, source, name)
    ours, theirs = (inlet.facts.signals.read() for inlet in homes)
    pd.testing.assert_frame_equal(ours, theirs)
    at = pd.Timestamp("2026-12-31", tz="Asia/Shanghai")
    pd.testing.assert_frame_equal(as_known(ours, at), as_known(theirs.sample(frac=1, random_state=1), at))


def test_forgetting_a_party_takes_its_name_off_everything(folder, tmp_path):
    """Rows stay as counts; the name is not kept when the same file comes again."""
    inlet = Inlet.of(tmp_path / "home")
    take(inlet, folder, "wechat-promoters", "wechat_promoters.json")
    name = inlet.names.of(pd.Series(["oPROMOTER"]))[0]
    before = inlet.facts.signals.read()
    assert (before["kol_id"] == name).sum() == 3
    database = Database.open(default_url(tmp_path / "home"))
    made = forget_party("oPROMOTER", inlet, database)
    assert made == {"pseudonym": name, "rows": 5, "facts": 0, "inputs": 0}
    again = take(inlet, folder, "wechat-promoters", "wechat_promoters.json")
    after = Inlet.of(tmp_path / "home").facts.signals.read()
    assert again.applied == 0
    assert not (after["kol_id"] == name).any()
    assert (
        as_known(after, pd.Timestamp.now("UTC"))["count"].sum()
        == as_known(before, pd.Timestamp.now("UTC"))["count"].sum()
    )
    told = json.loads(in_process("forget", "oPROMOTER", "--home", tmp_path / "home", "--json"))
    assert told == {"pseudonym": name, "rows": 0, "facts": 0, "inputs": 0}


def test_names_are_keyed_by_a_secret_of_the_home(folder, tmp_path):
    """Only its owner reads it; another home, or the operator's own key, gives other names."""
    one, other = (Inlet.of(tmp_path / name) for name in "ab")
    ids = pd.Series(["guide-1", "guide-2", None])
    mine = one.names.of(ids)
    assert mine.isna().tolist() == [False, False, True]
    assert (tmp_path / "a" / "keys" / "pseudonyms.key").stat().st_mode & 0o777 == 0o600
    assert Inlet.of(tmp_path / "a").names.of(ids).equals(mine)
    assert not set(mine.dropna()) & set(other.names.of(ids).dropna())
    keyed = Inlet.of(tmp_path / "c", key="an operator's secret")
    assert keyed.names.of(ids).notna().sum() == 2
    assert not (tmp_path / "c").exists()
