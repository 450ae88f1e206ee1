"""The page of the ledger says what the ledger does."""

from __future__ import annotations

import re
from pathlib import Path

from portopt.domain.request import DataPolicy
from portopt.market.action_checks import checked
from portopt.tables.actions import ACTIONS

PAGE = (Path(__file__).parents[4] / "docs" / "methods" / "ledger.md").read_text(encoding="utf-8")


def test_the_example_runs_and_gives_what_its_comment_says():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    account, equity = names["account"], names["equity"]
    assert f"# {account.units}, {account.cash} and {equity(account)} cents" in code


def test_every_column_that_the_page_names_is_read_and_every_finding_is_explained():
    known = {spelling for spellings in ACTIONS.columns.values() for spelling in spellings}
    named = ["ticker", "ex-date", "type", "ratio", "amount", "pay date", "into", "proceeds", "delisting return", "declared",
             "Date", "Symbol", "Dividends", "Stock Splits"]  # fmt: skip
    assert all(f"`{name}`" in PAGE for name in named)
    assert {name.lower().replace(" ", "_").replace("-", "_") for name in named} <= known
    source = Path(checked.__code__.co_filename).read_text(encoding="utf-8")
    told = set(re.findall(r'_finding\("([a-z_]+)"', source))
    assert len(told) == 5
    assert {kind for kind in told if f"`{kind}`" not in PAGE} == set()
    assert hasattr(DataPolicy(), "unadjusted_split")
