"""What docs/methods/taxes.md says is so: its requests are read, its tables are the regimes' and the netting's."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

import portopt
from portopt.domain.tax import METHODS, LongAfter, TaxRecord, TaxRules
from portopt.taxation.netting import netted
from portopt.taxation.regimes import regime, regime_names
from portopt.taxation.rules import WORDS, rules_of
from portopt.terms.tax_limits.catalog import TAX_LIMITS, parse_tax_limits

PAGE = (Path(__file__).parents[3] / "docs" / "methods" / "taxes.md").read_text(encoding="utf-8")
BLOCKS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
TAXES = [block.get("tax", block) for block in BLOCKS if "tax" in block or "regime" in block]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


def test_there_are_two_at_least() -> None:
    assert len(TAXES) >= 2


@pytest.mark.parametrize("tax", TAXES, ids=lambda tax: str(len(tax)))
def test_every_tax_on_the_page_is_read(tax: dict[str, object]) -> None:
    assert rules_of(tax).name


def test_every_word_method_and_regime_is_on_the_page() -> None:
    assert [name for name in (*WORDS, *METHODS, *regime_names()) if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("name", regime_names())
def test_the_table_of_regimes_is_the_regimes(name: str) -> None:
    law = regime(name)
    _, rates, long_after, allowance, _, lots, losses = next(row for row in ROWS if row[0] == f"`{name}`")
    shown = [float(number) / 100 for number in re.findall(r"([\d.]+) %", rates)]
    assert shown == pytest.approx([law.short_rate, law.long_rate][: len(shown)])
    assert long_after == ("" if law.long_after is None else f"{law.long_after.months} months")
    assert allowance == (f"{law.allowance:,} {law.currency}" if law.allowance else "none")
    assert tuple(re.findall(r"`(\w+)`", lots)) == law.methods
    assert losses == ("one sum" if law.pooled else "by term")


NETTING = [row for row in ROWS if len(row) == 7 and re.fullmatch(r"−?[\d,]+", row[0])]


@pytest.mark.parametrize("row", NETTING, ids=lambda row: f"{row[0]} and {row[1]}")
def test_the_table_of_netting_is_the_netting(row: list[str]) -> None:
    short, long, carried, taxed_short, taxed_long, due = (
        Decimal(cell.replace("−", "-").replace(",", "") or 0) for cell in row[:6]
    )
    left = {term: Decimal(n.replace(",", "")) for term, n in re.findall(r"(short|long) ([\d,]+)", row[6])}
    rules = TaxRules("page", 0.37, 0.2, LongAfter(months=12))
    found = netted(rules, TaxRecord(carried_short=carried), short, long)
    assert (found.taxed_short, found.taxed_long, found.due) == (taxed_short, taxed_long, due)
    assert (found.carried_short, found.carried_long) == (left.get("short", 0), left.get("long", 0))


def test_the_table_of_netting_was_found() -> None:
    assert len(NETTING) == 6


def test_every_limit_is_on_the_page_with_an_example_that_parses() -> None:
    below = ROWS[ROWS.index(["limit", "example", "what it forbids"]) + 1 :]
    shown = {name.strip("`"): json.loads(example.strip("`")) for name, example, _ in below[: len(TAX_LIMITS)]}
    assert shown == {name: entry.example for name, entry in TAX_LIMITS.items()}
    assert len(parse_tax_limits(shown)) == len(TAX_LIMITS)


@pytest.mark.slow
def test_the_choices_on_the_page_are_those_of_the_sample_book(tmp_path: Path) -> None:
    book = {"holdings": "sample", "lots": "sample", "sets": {"tax.regime": "us_federal"}}
    found = portopt.alternatives(home=tmp_path, **book).document
    cards = {card["name"]: card for card in found["alternatives"]}
    rows = [row for row in ROWS if len(row) == 6 and row[0] in cards]
    assert len(rows) == 5
    names = ("turnover", "expected_return", "volatility", "tracking_error")
    for name, turnover, tax, *rest in rows:
        card = cards[name]
        assert [turnover, *rest] == [f"{100 * card[figure]:.2f} %" for figure in names]
        assert Decimal(tax.replace(",", "")) == Decimal(card["tax"])
