"""The cake beside each offer, before the match: per party, by the agreed rules, in whole fen; wrong rules named."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError
from services.offer_book import offer_book
from services.settle_sales import Told, settle_sales
from settlement.rule_files import read_rules

SELLERS = pd.DataFrame({"seller_id": ["kol-1", "kol-2"], "audience": [5_000, 2_000]})
STYLES = pd.DataFrame(
    {
        "style_id": ["dress", "sock"], "category": ["dresses", "socks"], "price_fen": [19_999, 900],
        "margin_fen": [6_001, 200], "brand_id": ["acme", "acme"], "workshop": ["w-1", "w-1"],
    }
)  # fmt: skip
HISTORY = pd.DataFrame(
    {
        "seller_id": ["kol-1", "kol-2"] * 4, "style_id": "old", "category": "dresses", "price_fen": 19_900,
        "shown_on": "2026-01-05", "hour": 20, "accepted": True, "pieces": [12, 3] * 4,
    }
)  # fmt: skip
RULES = """
rest = "brand"
max_depth = 2
[[rules]]
role = "workshop"
fixed_fen = 300
per = "piece"
[[rules]]
role = "kol"
percent = 15.5
filled_by = "touch"
[[rules]]
role = "introducer"
percent = 1
filled_by = "referrer"
through = "kol"
depth = 2
[attribution]
window_days = { live = 3 }
"""
PARTIES = pd.DataFrame({"party_id": ["kol-1", "kol-9"], "referred_by": ["kol-9", None]})


def run(folder, *options, rules=RULES, parties=PARTIES, styles=STYLES):
    """Return figures, offers and shares."""
    given = {"sellers": SELLERS, "styles": styles, "history": HISTORY} | (
        {} if parties is None else {"parties": parties}
    )
    files = []
    for name, table in given.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        files += [f"--{name}", str(folder / f"{name}.csv")]
    if rules is not None:
        (folder / "rules.toml").write_text(rules)
        files += ["--rules", str(folder / "rules.toml")]
    outs = [
        "--out",
        str(folder / "offers.csv"),
        "--shares",
        str(folder / "shares.csv"),
        "--refusals",
        str(folder / "no.csv"),
    ]
    done = CliRunner().invoke(app, ["offers", *files, *outs, "--json", *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout), pd.read_csv(folder / "offers.csv"), pd.read_csv(folder / "shares.csv")


def test_each_party_sees_before_what_settling_books_after(tmp_path):
    """The preview of a piece is what a sale of one piece comes to, for every party, and sums to the margin."""
    _, offers, shares = run(tmp_path)
    assert set(zip(offers["seller_id"], offers["style_id"], strict=True)) == {("kol-1", "dress"), ("kol-2", "dress")}
    assert shares.groupby("seller_id")["share_fen"].sum().tolist() == [6_001, 6_001]
    sales = pd.DataFrame(
        {
            "sale_id": ["kol-1", "kol-2"], "sold_at": "2026-01-06T12:00:00+08:00", "price_fen": 19_999,
            "cost_fen": 19_999 - 6_001, "brand": "acme", "workshop": "w-1", "kol": ["kol-1", "kol-2"],
        }
    )  # fmt: skip
    nothing = pd.DataFrame({name: [] for name in ("journey_id", "touched_at", "channel", "party_id")})
    booked = settle_sales(
        sales, read_rules(tmp_path / "rules.toml"), Told(touches=nothing, sellers=PARTIES)
    ).entries.set_index(["sale_id", "role"])["share_fen"]
    told = shares.set_index(["seller_id", "role"])["share_fen"]
    assert told.sort_index().to_dict() == booked.sort_index().to_dict()
    assert told["kol-1", "introducer"] == 60
    income = offers.set_index("seller_id")["seller_income_fen"]
    pieces = offers.set_index("seller_id")["pieces"]
    for seller in ("kol-1", "kol-2"):
        assert income[seller] == pytest.approx(pieces[seller] * told[seller, "kol"], rel=1e-3)
    expected = shares.set_index(["seller_id", "role"])["expected_fen"]
    assert abs(expected["kol-2", "kol"] - income["kol-2"]) <= 1


def test_a_style_whose_rules_ask_for_more_than_its_margin_is_not_offered(tmp_path):
    """By name: 300 fen a piece to the workshop of a margin of 200."""
    figures, _, _ = run(tmp_path)
    assert figures["not_offered"] == {"rules_short": 2}
    refused = pd.read_csv(tmp_path / "no.csv")
    assert set(refused["style_id"]) == {"sock"}
    _, offers, shares = run(tmp_path, rules=RULES.replace("max_depth = 2", 'max_depth = 2\nwhen_short = "rest_bears"'))
    assert "sock" in set(offers["style_id"])
    sock = shares[(shares["style_id"] == "sock") & (shares["seller_id"] == "kol-2")].set_index("role")["share_fen"]
    assert sock.to_dict() == {"workshop": 300, "kol": 31, "brand": -131}


def test_a_lifetime_commission_and_the_usual_agreement(tmp_path):
    """A seller of bindings holds its own; without rules it gets its percentage of the margin."""
    binding = 'rest = "brand"\n[[rules]]\nrole = "guide"\npercent = 8\nfilled_by = "binding"\n'
    _, _, shares = run(tmp_path, rules=binding, parties=None)
    assert set(shares.loc[shares["role"] == "guide", "share_fen"]) == {480, 16}
    _, offers, shares = run(tmp_path, rules=None, parties=None)
    dress = shares[(shares["style_id"] == "dress") & (shares["role"] == "seller")]
    assert dress["share_fen"].tolist() == [1_200, 1_200]
    assert len(offers) == 4


def test_wrong_agreements_are_named(tmp_path):
    """Depth, circles of referral, no table of parties, no role, fees; a margin above the price."""
    for words, changes in (
        ("max_depth", {"rules": RULES.replace("max_depth = 2", "max_depth = 3")}),
        ("depth", {"rules": RULES.replace("max_depth = 2", "")}),
        ("refused", {"rules": RULES + "\n[[rules]]\nrole = 'x'\nentry_fee_fen = 5\n"}),
        ("refused", {"rules": RULES + "\n[[rules]]\nrole = 'x'\nper_recruit_fen = 5\n"}),
        ("parties", {"parties": None}),
        (
            "parties: column .referred_by.: expected chains that end, got a circle",
            {"parties": pd.DataFrame({"party_id": ["kol-1", "kol-9"], "referred_by": ["kol-9", "kol-1"]})},
        ),
        ("margin_fen", {"styles": STYLES.assign(margin_fen=[20_000, 1])}),
    ):
        with pytest.raises(InputError, match=words):
            run(tmp_path, **changes)
    with pytest.raises(InputError, match=r"seller_role: expected .*workshop, kol.* got brand"):
        run(tmp_path, "--seller-role", "brand")
    with pytest.raises(InputError, match="--rules with it"):
        run(tmp_path, rules=None)


def test_a_market_without_listeners_is_named():
    """Nothing to learn from: by the table and what it lacks."""
    with pytest.raises(
        InputError, match="history: expected at least one piece sold by a listed seller with an audience"
    ):
        offer_book(SELLERS.assign(audience=0), STYLES, HISTORY)
