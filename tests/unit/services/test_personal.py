"""Columns that say who a shopper is are told by whatever name they carry."""

import pytest

from services.personal import is_personal


@pytest.mark.parametrize(
    "name",
    ["customer_id", "CustomerID", "Customer ID", "household_key", "OpenId", "phone_number", "会员号", "收货人姓名"],
)
def test_spellings_of_a_shopper_are_personal(name: str) -> None:
    """Case, blanks and underscores hide nothing."""
    assert is_personal(name)


@pytest.mark.parametrize(
    "name", ["id", "name", "buyer_id", "store_id", "attributed_to", "kol_id", "unique_id", "region"]
)
def test_columns_of_ours_are_not(name: str) -> None:
    """Parties are no shoppers: their columns stay."""
    assert not is_personal(name)
