"""The sources that `evenflow ingest` reads, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.connectors import (
    douyin,
    taobao,
    wechat_articles,
    wechat_miniprogram,
    wechat_promoters,
    wechat_shop,
    wecom,
    weibo,
)
from services.connectors.payload import Call, Records

__all__ = ["CONNECTORS"]

CONNECTORS: dict[str, Callable[[Any, Call], Records]] = {
    "wechat-articles": wechat_articles.read,
    "wechat-miniprogram": wechat_miniprogram.read,
    "wechat-promoters": wechat_promoters.read,
    "wechat-shop": wechat_shop.read,
    "wecom-groups": wecom.read_groups,
    "wecom-members": wecom.read_members,
    "weibo": weibo.read,
    "douyin": douyin.read,
    "taobao": taobao.read,
}
