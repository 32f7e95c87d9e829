"""However payloads are stuffed with personal fields, nothing of them reaches the disk, the answer or the log."""

import io
import json
import logging
import shutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import EvenflowError
from services.connectors.payload import Call
from services.ingest import Inlet, ingest_file

PAYLOADS = Path(__file__).resolve().parents[1] / "data" / "payloads"
MARK = "PERSONAL"  # the golden payloads have it in every field about a shopper, too
PARTIES = ("oSHARER", "sphFINDER", "oPROMOTER", "2862441992", "zhangsan", "lisi")
SOURCES = {
    "wechat_articles.json": "wechat-articles",
    "wechat_miniprogram.json": "wechat-miniprogram",
    "wecom_groups.json": "wecom-groups",
    "wecom_groups_by_day.json": "wecom-groups",
    "wecom_members.json": "wecom-members",
    "wechat_shop.json": "wechat-shop",
    "wechat_shop_older.json": "wechat-shop",
    "wechat_promoters.json": "wechat-promoters",
    "weibo_show.json": "weibo",
    "douyin.json": "douyin",
    "taobao.json": "taobao",
}
FIELDS = [
    "openid",
    "unionid",
    "phone",
    "receiver_name",
    "nickname",
    "address",
    "buyer_nick",
    "external_userid",
    "id_card",
]
personal = st.dictionaries(
    st.sampled_from(FIELDS), st.sampled_from([f"{MARK}-x", {"tel": f"{MARK}-y"}, [f"{MARK}-z"]]), min_size=1, max_size=3
)


def stuffed(value, draw):
    """Return a payload with personal fields in some of its objects."""
    if isinstance(value, list):
        return [stuffed(item, draw) for item in value]
    if not isinstance(value, dict):
        return value
    own = {key: stuffed(item, draw) for key, item in value.items()}
    return {**draw(personal), **own} if draw(st.booleans()) else own


def everything_in(folder):
    """Return every file below a folder as text, Parquet decoded."""
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode(errors="replace")
            yield path, text + (pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else "")


@pytest.mark.parametrize("large", [False, True], ids=["log", "parts"])
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_personal_is_kept(caplog, monkeypatch, large, data):
    """Not in the logs, the parts, the quarantine, the answers or the messages; parties only as keyed hashes."""
    monkeypatch.setattr("store.fact_log._LARGE", 1 if large else 10**9)
    name = data.draw(st.sampled_from(sorted(SOURCES)))
    lines = (PAYLOADS / name).read_text().splitlines()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        shutil.copy(PAYLOADS / "map.csv", root)
        (root / "in").mkdir()
        path = root / "in" / name
        path.write_text("\n".join(json.dumps(stuffed(json.loads(line), data.draw)) for line in lines))
        told = taken(path, root, caplog)
        path.unlink()
        (root / "map.csv").unlink()
        for where, text in [*everything_in(root), ("what it told", told)]:
            assert MARK not in text, where
            assert not [party for party in PARTIES if party in text], where


def taken(path, root, caplog):
    out, err = io.StringIO(), io.StringIO()
    inlet = Inlet.of(root / "home")
    told = ""
    with caplog.at_level(logging.DEBUG), redirect_stdout(out), redirect_stderr(err):
        for styles in (None, root / "map.csv"):
            try:
                call = Call(fetched_at="2026-03-02 12:00:00")
                told += str(ingest_file(SOURCES[path.name], path, inlet, call=call, style_map=styles))
            except EvenflowError as error:
                told += str(error)
    return told + out.getvalue() + err.getvalue() + caplog.text
