"""The box from files and over HTTP: rows, Excel, a page to print."""

import io
import zipfile

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError
from planning.boxes import heijunka_boxes, takt_times
from services.print_box import box_page

ORDERS = pd.DataFrame(
    {
        "order_id": ["PO-1-1", "PO-2-1", "PO-3-1"], "item": ["tee", "<cap>", "hat"], "route": "r", "step": 1,
        "resource": "line & co", "pieces": [120, 60, 5], "hours": [6.0, 2.0, 1.0], "start": "2026-03-02",
        "state": ["firm", "proposed", "cancelled"],
    }
)  # fmt: skip


def run(*arguments: object):
    done = CliRunner().invoke(app, ["box", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def orders(tmp_path):
    """A plan's orders in a file."""
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path / "orders.csv"


def test_every_kind_of_file(orders, tmp_path):
    """Rows, Excel with the takt, a page in Chinese; what was cancelled is in none of them."""
    run("--orders", orders, "--out", tmp_path / "box.csv")
    rows = pd.read_csv(tmp_path / "box.csv")
    assert rows.groupby("order_id")["pieces"].sum().to_dict() == {"PO-1-1": 120, "PO-2-1": 60}
    assert rows["due_at"].iloc[-1].startswith("2026-03-02 16:00")
    run("--orders", orders, "--out", tmp_path / "box.xlsx")
    book = zipfile.ZipFile(tmp_path / "box.xlsx").read("xl/workbook.xml")
    assert all(f'name="{sheet}"'.encode() in book for sheet in ("box", "takt", "dues"))
    run("--orders", orders, "--out", tmp_path / "box.html", "--language", "zh", "--slots", 4)
    page = (tmp_path / "box.html").read_text(encoding="utf-8")
    assert "均衡生产箱" in page
    assert "&lt;cap&gt;" in page
    assert "<cap>" not in page
    assert page.count("时段") == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--language", "fr"), "--language: expected one of en, zh"),
        (("--work-days", "0,x"), "--work-days: expected weekdays"),
        (("--work-days", "9"), "Expected work_days from 0"),
        (("--day-start", "8"), "Expected day_start as HH:MM"),
        (("--day-hours", "30"), "Expected day_hours"),
    ],
)
def test_wrong_options(orders, tmp_path, options, words):
    """Each is named; nothing is written."""
    with pytest.raises(InputError) as error:
        run("--orders", orders, "--out", tmp_path / "box.csv", *options)
    assert words in str(error.value)
    assert not (tmp_path / "box.csv").exists()


def test_a_table_without_ids_and_an_odd_suffix(orders, tmp_path):
    """Both are refused by name."""
    with pytest.raises(InputError, match=r"a name ending in \.csv"):
        run("--orders", orders, "--out", tmp_path / "box.pdf")
    ORDERS.drop(columns="order_id").to_csv(orders, index=False)
    with pytest.raises(InputError, match="order_id"):
        run("--orders", orders, "--out", tmp_path / "box.csv")


def test_the_current_plans_box(client, finished):
    """In pages, as CSV, Excel and HTML; one resource only; an unknown one is a 404."""
    assert client.get("/v1/box").status_code == 503
    finished("/v1/plans", {})
    page = client.get("/v1/box", params={"resource": "line-1", "limit": 1000}).json()
    assert {row["resource"] for row in page["rows"]} == {"line-1"}
    assert page["rows"][0]["due_at"].endswith("+08:00")
    table = pd.read_csv(io.BytesIO(client.get("/v1/box.csv").content))
    assert set(table["resource"]) == {"line-1", "line-2"}
    assert client.get("/v1/box.xlsx").content.startswith(b"PK")
    printed = client.get("/v1/box.html", params={"language": "zh"})
    assert "style-src 'unsafe-inline'" in printed.headers["content-security-policy"]
    assert "line-2" in printed.text
    assert client.get("/v1/box", params={"resource": "line-9"}).json()["type"] == "/problems/unknown-id"


def test_an_impossible_day_over_http(client):
    """A weekday 9 is told at its place."""
    rows = ORDERS.head(1).to_dict("records")
    answer = client.post("/v1/boxes", json={"orders": rows, "work_days": [9]})
    assert answer.status_code == 422
    assert "work_days" in answer.json()["detail"]


def test_an_empty_box_is_an_empty_page():
    """Nothing to make, nothing on the wall."""
    boxes = heijunka_boxes(ORDERS.iloc[:0].assign(start=pd.to_datetime([])))
    assert "<table>" not in box_page(boxes, takt_times(boxes))
