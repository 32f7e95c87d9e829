"""The plan as a file."""

import io
import zipfile

import pandas as pd

from api.http.downloads import csv_file, excel_file


def test_the_plan_as_csv(client):
    """The CSV holds every order, opens in Excel with its Chinese, and is named after its version."""
    response = client.get("/v1/plan.csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    assert pd.read_csv(io.BytesIO(response.content))["order_id"].tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert response.headers["content-disposition"].startswith('attachment; filename="plan-')


def test_the_plan_as_excel(client):
    """The Excel file is one a spreadsheet opens: its sheet holds the orders."""
    book = zipfile.ZipFile(io.BytesIO(client.get("/v1/plan.xlsx").content))
    assert b'name="orders"' in book.read("xl/workbook.xml")
    assert b"p4" in book.read("xl/sharedStrings.xml")


def test_a_cell_is_never_a_formula():
    """An id that looks like a formula stays text in both kinds of file."""
    frame = pd.DataFrame({"id": ["=1+1", "@SUM(A1)", "plain"], "n": [-1, 2, 3]})
    rows = csv_file(frame, "x").body.decode("utf-8-sig").splitlines()
    assert rows == ["id,n", "'=1+1,-1", "'@SUM(A1),2", "plain,3"]
    sheet = zipfile.ZipFile(io.BytesIO(excel_file({"a": frame}, "x").body)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
