"""The page behind a signed link: a workshop reads its dispatch and answers, in Chinese or English."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["LANGUAGES", "dispatch_page", "notice_page"]

LANGUAGES = ("zh", "en")
_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "加工单", "item": "款式", "step": "工序", "pieces": "件数", "hours": "工时", "start": "开工",
        "due": "交货", "state": "状态", "accept": "接单", "reject": "拒单", "note": "备注", "done": "已完成件数 (累计)",
        "report": "报工", "sent": "待答复", "accepted": "已接单", "done_": "已完成", "rejected": "已拒单",
        "unplaced": "已拒单", "withdrawn": "已撤回", "other": "English", "saved": "已收到, 谢谢。",
        "forged": "链接无效", "expired": "链接已过期, 请向工厂索取新链接。",
        "ended": "链接已作废, 请向工厂索取新链接。", "unknown": "没有这张加工单。",
        "wrong": "不能这样答复",
    },
    "en": {
        "title": "Work order", "item": "Item", "step": "Step", "pieces": "Pieces", "hours": "Hours", "start": "Start",
        "due": "Due", "state": "State", "accept": "Accept", "reject": "Reject", "note": "Note",
        "done": "Pieces done so far", "report": "Report", "sent": "waiting for your answer", "accepted": "accepted",
        "done_": "done", "rejected": "rejected", "unplaced": "rejected", "withdrawn": "withdrawn", "other": "中文",
        "saved": "Received, thank you.", "forged": "This link is not valid.",
        "ended": "This link was taken back; ask the factory for a new one.",
        "expired": "This link has expired; ask the factory for a new one.", "unknown": "There is no such work order.",
        "wrong": "This answer is not possible",
    },
}  # fmt: skip
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:34rem;margin:1rem auto;padding:0 1rem;color:#1b2422}"
    "table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.35rem;border-bottom:1px solid #c9d3d0}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem 0 0}"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}p.said{background:#e8efed;padding:.6rem}form{margin-top:1rem}a{float:right}"
)


def dispatch_page(one: dict[str, Any], *, link: str, language: str, said: str = "") -> str:
    """Return the page of a dispatch.

    Parameters
    ----------
    one
        The dispatch (`services.dispatches.read_dispatch`).
    link
        The signed link's own path and query: forms are sent there.
    said
        ``saved``, or what is wrong with the last answer.
    """
    words = _WORDS[language]
    rows = [(words[name], one[name]) for name in ("item", "step", "pieces", "hours", "start", "due")]
    rows[3] = (words["hours"], f"{one['hours']:.4g}")
    rows.append((words["state"], words["done_" if one["state"] == "done" else one["state"]]))
    if one["done_pieces"]:
        rows.append((words["done"], one["done_pieces"]))
    table = "".join(f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in rows)
    told = words["saved"] if said == "saved" else f"{words['wrong']}: {said}" if said else ""
    note = f'<p class="said">{escape(told)}</p>' if told else ""
    title = f"{words['title']} {escape(str(one['dispatch_id']))}"
    return _page(title, f"{note}<table>{table}</table>{_form(one, link, words, language)}", language, link)


def notice_page(kind: str, *, language: str) -> str:
    """Return the page for a link that opens nothing: ``forged``, ``ended``, ``expired`` or ``unknown``."""
    return _page(_WORDS[language][kind], "", language, "")


def _form(one: dict[str, Any], link: str, words: dict[str, str], language: str) -> str:
    target = escape(f"{link}&lang={language}", quote=True)
    note = f'<label>{words["note"]}<input name="note" maxlength="500"></label>'
    if one["state"] == "sent":
        buttons = "".join(
            f'<button name="answer" value="{kind}">{words[kind]}</button>' for kind in ("accept", "reject")
        )
        return f'<form method="post" action="{target}">{note}{buttons}</form>'
    if one["state"] == "accepted":
        limits = f'type="number" min="{one["done_pieces"]}" max="{one["pieces"]}" value="{one["done_pieces"]}" required'
        pieces = f'<label>{words["done"]}<input name="pieces" {limits}></label>'
        button = f'<button name="answer" value="done">{words["report"]}</button>'
        return f'<form method="post" action="{target}">{pieces}{note}{button}</form>'
    return ""


def _page(title: str, body: str, language: str, link: str) -> str:
    other = "en" if language == "zh" else "zh"
    switch = f'<a href="{escape(link, quote=True)}&amp;lang={other}">{_WORDS[language]["other"]}</a>' if link else ""
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>{switch}<h1>{title}</h1>{body}</body></html>\n"
    )
