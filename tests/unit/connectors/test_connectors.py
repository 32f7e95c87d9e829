"""Each platform's payload, as its documentation shows it, becomes the rows one would write by hand."""

from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError
from forecast.signal_intake import sift
from forecast.tables import ACTIVITY, ORDER_LINES, SIGNALS, STYLE_MAP
from services.connectors.payload import Call
from services.ingest_files import read_source

PAYLOADS = Path(__file__).resolve().parents[2] / "data" / "payloads"
STYLES = STYLE_MAP.check(pd.read_csv(PAYLOADS / "map.csv", dtype=str))
SCHEMAS = {"signals": SIGNALS, "orders": ORDER_LINES, "activity": ACTIVITY}
NOW = "2026-03-02 12:00:00"


def rows(source, name, table="signals", columns=("kind", "unit", "count", "signal_time", "observed_at")):
    layout = PAYLOADS / f"{name.partition('.')[0]}.toml" if source == "csv" else None
    told, _ = read_source(source, PAYLOADS / name, Call(fetched_at=NOW), layout=layout)[table]
    good, _ = sift(told, SCHEMAS[table], styles=STYLES)
    return [tuple(_plain(cell) for cell in row) for row in good[list(columns)].to_numpy(object)]


def _plain(cell):
    return f"{cell:%m-%d %H:%M:%S}" if isinstance(cell, pd.Timestamp) else None if pd.isna(cell) else cell


def test_articles_are_totals_by_day_known_the_next_morning():
    """Readers, sharers … since publication; the day ends at midnight and its figures are out at ten."""
    got = rows("wechat-articles", "wechat_articles.json")
    assert got[:3] == [
        ("view", "users", 4123.0, "11-02 00:00:00", "11-02 10:00:00"),
        ("share", "users", 366.0, "11-02 00:00:00", "11-02 10:00:00"),
        ("repost", "users", 191.0, "11-02 00:00:00", "11-02 10:00:00"),
    ]
    assert got[5] == ("view", "users", 5200.0, "11-03 00:00:00", "11-03 10:00:00")
    assert len(got) == 10


def test_the_former_interface_tells_users_and_events():
    """Both are kept, told apart by their unit."""
    got = rows("wechat-articles", "wechat_articles_former.json", columns=("kind", "unit", "count", "cumulative"))
    assert got[:3] == [
        ("view", "users", 23676.0, True),
        ("view", "events", 25615.0, True),
        ("share", "users", 122.0, True),
    ]


def test_a_day_of_the_former_interface_counts_all_sources_once():
    """The row of all sources is their sum: the others are left out."""
    got = rows("wechat-articles", "wechat_articles_summary.json", columns=("kind", "unit", "count", "cumulative"))
    assert got[:2] == [("view", "users", 300.0, False), ("view", "events", 420.0, False)]
    assert len(got) == 6


def test_pages_take_their_style_from_the_path_and_drop_the_rest_of_it():
    """What else a path says, an openid perhaps, is not kept."""
    got = rows(
        "wechat-miniprogram", "wechat_miniprogram.json", columns=("style_id", "content_id", "kind", "unit", "count")
    )
    assert got == [
        ("A", "pages/item", "view", "events", 213429.0),
        ("A", "pages/item", "view", "users", 55423.0),
        ("A", "pages/item", "share", "events", 180.0),
        ("A", "pages/item", "share", "users", 166.0),
    ]
    program = rows("wechat-miniprogram", "wechat_miniprogram.json", "activity", ("measure", "value", "signal_time"))
    assert ("visit_uv", 55500.0, "03-14 00:00:00") in program


def test_groups_are_activity_of_their_owner():
    """Totals are as of the day, new ones of the period; by day the owner is whom it was asked for."""
    got = rows("wecom-groups", "wecom_groups.json", "activity", ("kol_id", "measure", "value", "cumulative"))
    assert ("zhangsan", "msg_total", 3200.0, True) in got
    assert ("lisi", "new_member_cnt", 1.0, False) in got
    by_day = rows("wecom-groups", "wecom_groups_by_day.json", "activity", ("kol_id", "measure", "value", "signal_time"))
    assert ("zhangsan", "msg_total", 11.0, "09-19 00:00:00") in by_day


def test_what_members_do_is_activity_too():
    """Blocked by three: a sign of fatigue."""
    got = rows("wecom-members", "wecom_members.json", "activity", ("kol_id", "measure", "value", "signal_time"))
    assert ("zhangsan", "negative_feedback_cnt", 3.0, "09-12 00:00:00") in got
    assert ("zhangsan", "reply_percentage", 60.25, "09-11 00:00:00") in got


def test_shop_orders_are_credited_late_cancelled_and_returned():
    """Paid, then shared by somebody, then four of ten came back."""
    columns = ("kind", "count", "amount_fen", "kol_id", "signal_time", "observed_at")
    got = rows("wechat-shop", "wechat_shop.json", columns=columns)
    paid = "07-23 00:00:00"
    assert got == [
        ("order", 10.0, 20000.0, None, paid, paid),
        ("order", 10.0, 20000.0, None, paid, paid),
        ("order", 10.0, 20000.0, "oSHARER", paid, "07-24 00:00:00"),
        ("order", 10.0, 20000.0, None, paid, paid),
        ("order", 10.0, 20000.0, "oSHARER", paid, "07-28 17:20:00"),
        ("refund", 4.0, None, "oSHARER", "07-28 17:20:00", "07-28 17:20:00"),
    ]
    states = rows("wechat-shop", "wechat_shop.json", "orders", ("order_id", "state", "pieces", "returned"))
    assert [state for _, state, _, _ in states] == ["paid", "shipped", "done"]
    assert states[-1] == ("3704612354559743232", "done", 10, 4.0)


def test_the_older_shape_of_shop_orders_is_read():
    """Numbers as numbers, moments as texts, a misspelt field."""
    got = rows("wechat-shop", "wechat_shop_older.json", columns=("kind", "count", "content_id", "signal_time"))
    assert got == [
        ("order", 2.0, "1234567/23424", "03-25 13:06:00"),
        ("cancel", 2.0, "1234567/23424", "03-26 09:00:00"),
    ]


def test_promoters_bring_orders_and_clicks():
    """The promoter is named, the buyer is not; a refund comes off."""
    got = rows("wechat-promoters", "wechat_promoters.json", columns=("kind", "unit", "count", "kol_id", "content_id"))
    assert ("order", "events", 1.0, "oPROMOTER", "o-77/1") in got
    assert ("refund", "events", 1.0, "oPROMOTER", "o-78/1") in got
    assert ("click", "events", 44.0, None, "m-5") in got
    assert ("click", "users", 30.0, None, "m-5") in got


def test_posts_are_counted_when_they_are_asked_for():
    """Counters of now; the author is a number to be hashed."""
    got = rows("weibo", "weibo_count.json")
    assert got == [
        ("repost", "events", 4.0, "03-02 12:00:00", "03-02 12:00:00"),
        ("comment", "events", 9.0, "03-02 12:00:00", "03-02 12:00:00"),
    ]
    shown = rows("weibo", "weibo_show.json", columns=("kind", "count", "kol_id", "cumulative"))
    assert shown[0] == ("repost", 1.0, "2862441992", True)
    assert shown[2] == ("like", 3.0, "2862441992", True)


def test_videos_are_counted_by_day_or_so_far():
    """Counts may be texts; totals are of the moment they were fetched."""
    got = rows("douyin", "douyin.json", columns=("kind", "count", "cumulative", "signal_time", "observed_at"))
    assert got == [
        ("share", 200.0, False, "03-04 00:00:00", "03-04 10:00:00"),
        ("share", 35.0, False, "03-05 00:00:00", "03-05 10:00:00"),
        ("like", 300.0, True, "03-05 12:00:00", "03-05 12:00:00"),
        ("comment", 20.0, True, "03-05 12:00:00", "03-05 12:00:00"),
        ("share", 240.0, True, "03-05 12:00:00", "03-05 12:00:00"),
        ("view", 50000.0, True, "03-05 12:00:00", "03-05 12:00:00"),
    ]


def test_trades_count_their_children_and_yuan_become_fen():
    """With several children the trade's own number means nothing; sold ahead is a preorder."""
    got = rows("taobao", "taobao.json", columns=("kind", "count", "amount_fen", "content_id"))
    assert got == [
        ("order", 2.0, 15005.0, "2231958349/2231958350"),
        ("preorder", 3.0, 9990.0, "2231958400/2231958400"),
    ]


def test_any_table_is_read_by_a_layout():
    """Each counted column becomes a kind."""
    got = rows("csv", "xiaohongshu.csv", columns=("source", "style_id", "kind", "count", "cumulative"))
    assert got[:2] == [("xiaohongshu", "A", "view", 900.0, True), ("xiaohongshu", "A", "view", 1500.0, True)]
    assert len(got) == 10


@pytest.mark.parametrize(
    ("source", "payload", "told"),
    [
        ("weibo", '["no object"]', r"payload 1: the payload: expected an object, got text"),
        ("wechat-articles", '{"errcode": 40001, "errmsg": "x"}', "the payload's errcode: expected 0, got 40001"),
        ("wechat-articles", '{"list": {"a": 1}}', "the payload's list: expected a list, got an object"),
        ("wecom-groups", "{}", "the payload's items: expected a list, got nothing"),
        ("wechat-shop", '{"order": {}}', "order_detail.product_infos: expected a list, got nothing"),
        ("douyin", '{"data": {"error_code": 2190008}}', "the payload's error_code: expected 0, got 2190008"),
        ("taobao", '{"error_response": {"code": 27}}', "the payload's code: expected 0, got 27"),
        (
            "weibo",
            '{"trade_fullinfo_get_response": {}}',
            "payload 1: the payload: expected a post with its id and counts",
        ),
        ("weibo", '{"id": 1}\n{"id": ', "line 2: expected JSON"),
        ("myspace", "{}", "SOURCE: expected one of wechat-articles, .* csv, got myspace"),
        ("csv", "a\n1\n", "--columns: expected a TOML file"),
    ],
)
def test_what_is_no_payload_of_the_source_is_named(tmp_path, source, payload, told):
    """The number of the payload and the place in it; never what stood there."""
    path = tmp_path / ("x.csv" if source == "csv" else "x.json")
    path.write_text(payload)
    with pytest.raises(InputError, match=told):
        read_source(source, path, Call(fetched_at=NOW), layout=None)


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ('[cells]\nbuyer = "a"', r"\[cells\]: expected only .*, got buyer"),
        ('[cells]\ncontent_id = "b"', "column 'b': expected this column"),
        ('[cells]\ncontent_id = "phone"', "content_id: expected a column that does not say who a shopper is"),
        ('[counts]\nreads = "a"', r"\[counts\]: expected only .*, got reads"),
        ("counts = 3", r"expected \[counts\] as a table"),
    ],
)
def test_a_wrong_layout_is_named(tmp_path, layout, told):
    """Which part of it, and what it could have said."""
    (tmp_path / "x.csv").write_text("a,phone\n1,2\n")
    (tmp_path / "x.toml").write_text(layout)
    with pytest.raises(InputError, match=told):
        read_source("csv", tmp_path / "x.csv", Call(fetched_at=NOW), layout=tmp_path / "x.toml")
