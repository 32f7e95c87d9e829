"""The heijunka box to hang on the wall: one page per resource, a row per day, a column per slot."""

from __future__ import annotations

from html import escape

import pandas as pd

__all__ = ["LANGUAGES", "box_page"]

LANGUAGES = ("en", "zh")
_WORDS = {
    "en": {"title": "Heijunka box", "day": "Day", "slot": "Slot", "pieces": "pcs", "due": "due", "takt": "takt"},
    "zh": {"title": "均衡生产箱 (平准化)", "day": "日期", "slot": "时段", "pieces": "件", "due": "交", "takt": "节拍"},
}
_STYLE = """
body{font:12px/1.4 "Noto Sans","Noto Sans SC","Microsoft YaHei",sans-serif;margin:16px;color:#1b2422}
section{break-after:page}h1{font-size:18px}h2{font-size:15px;margin:12px 0 4px}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{border:1px solid #9aa7a3;padding:3px 5px;vertical-align:top;text-align:left;overflow-wrap:anywhere}
th{background:#e8efed}td div+div{border-top:1px dotted #9aa7a3;margin-top:2px;padding-top:2px}
small{color:#51605c}@media print{body{margin:0}}
"""


def box_page(boxes: pd.DataFrame, takt: pd.DataFrame, *, language: str = "en") -> str:
    """Return boxes as one HTML page that needs nothing else, to be printed.

    Parameters
    ----------
    boxes, takt
        From `planning.boxes.heijunka_boxes` and `takt_times`.
    language
        One of `LANGUAGES`.
    """
    words = _WORDS[language]
    pace = {(row.resource, row.day): row for row in takt.itertuples()}
    slots = range(1, int(boxes["slot"].max()) + 1) if len(boxes) else range(0)
    pages = [_page(str(name), rows, slots, pace, words) for name, rows in boxes.groupby("resource", sort=True)]
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{words["title"]}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{words['title']}</h1>{''.join(pages)}</body></html>\n"
    )


def _page(
    resource: str, rows: pd.DataFrame, slots: range, pace: dict[tuple[str, pd.Timestamp], object], words: dict[str, str]
) -> str:
    head = f"<th>{words['day']}</th>" + "".join(f"<th>{words['slot']} {slot}</th>" for slot in slots)
    days = rows.groupby("day", sort=True)
    body = "".join(_row(day, lots, slots, pace[resource, day], words) for day, lots in days)
    return f"<section><h2>{escape(resource)}</h2><table><tr>{head}</tr>{body}</table></section>"


def _row(day: pd.Timestamp, lots: pd.DataFrame, slots: range, takt: object, words: dict[str, str]) -> str:
    by_slot = dict(list(lots.groupby("slot")))
    cells = "".join(f"<td>{_cell(by_slot[slot], words) if slot in by_slot else ''}</td>" for slot in slots)
    minutes = getattr(takt, "takt_minutes", 0.0)
    told = f"{day:%Y-%m-%d}<br><small>{words['takt']} {minutes:.3g} min</small>"
    return f"<tr><th>{told}</th>{cells}</tr>"


def _cell(lots: pd.DataFrame, words: dict[str, str]) -> str:
    return "".join(
        f"<div><b>{escape(str(lot.item))}</b> {lot.pieces} {words['pieces']}<br>"
        f"<small>{escape(str(lot.order_id))} {words['due']} {lot.due_at:%H:%M}</small></div>"
        for lot in lots.itertuples()
    )
