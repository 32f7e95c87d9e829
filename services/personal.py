"""Columns that say who a shopper is: dropped before anything is checked or kept, in whatever way they are spelled."""

from __future__ import annotations

import re

__all__ = ["is_personal"]

_NAMES = frozenset(
    {
        "birthday",
        "buyermobile",
        "buyernick",
        "buyerphone",
        "consumer",
        "consumerid",
        "customer",
        "customerid",
        "customername",
        "customerno",
        "customerphone",
        "email",
        "emailaddress",
        "externaluserid",
        "household",
        "householdid",
        "householdkey",
        "idcard",
        "idcardno",
        "idnumber",
        "member",
        "memberid",
        "memberno",
        "mobile",
        "mobilephone",
        "nickname",
        "openid",
        "passport",
        "phone",
        "phoneno",
        "phonenumber",
        "receiver",
        "receiveraddress",
        "receivermobile",
        "receivername",
        "receiverphone",
        "shopperid",
        "tel",
        "telephone",
        "unionid",
        "userid",
        "username",
    }
)
_WORDS = ("会员", "手机", "电话", "身份证", "收货人", "收件人", "昵称", "邮箱", "姓名", "顾客", "买家")  # fmt: skip


def is_personal(column: object) -> bool:
    """Return whether a column of a network file names or numbers shoppers.

    Examples
    --------
    >>> [is_personal(name) for name in ("Customer ID", "household_key", "会员号", "buyer_id", "name")]
    [True, True, True, False, False]
    """
    name = str(column).casefold()
    return re.sub(r"[\W_]+", "", name) in _NAMES or any(word in name for word in _WORDS)
