"""The one way to a request: what is laid over a policy, in which order, and that no value can name a file."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import typing
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.portfolio import read_wish
from portopt.domain.errors import DataError, InvalidValue, UnknownField
from portopt.domain.holdings import Holdings
from portopt.domain.universe import Universe
from portopt.intake.book import Book, day_of, holdings_of, universe_of
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request

POLICY = shipped_policies()[0]
BOOK = Book(Holdings("one", {"AAPL": Decimal(10), "JNJ": Decimal(20)}, Decimal(500)))
S2 = {"objective": "maximize_return", "constraints": {"max_turnover": 0.11, "max_positions": 9}}


def asked(**wishes: Any) -> Any:
    return rebalance_request(BOOK, POLICY, Wishes(**wishes)).policy


def test_what_comes_later_wins() -> None:
    foreign = read_wish(S2)
    by_path = {"limits.max_turnover": 0.12, "objective": {"kind": "min_tracking_error"}}

    assert asked(foreign=foreign).limits["max_turnover"] == 0.11
    assert asked(foreign=foreign).objective["kind"] == "max_return"
    assert asked(foreign=foreign, goal="min_risk").objective["kind"] == "min_risk"
    assert asked(foreign=foreign, goal="min_risk", changes=by_path).objective["kind"] == "min_tracking_error"
    assert asked(foreign=foreign, changes=by_path).limits["max_turnover"] == 0.12
    assert asked(foreign=foreign, changes=by_path, limits={"max_turnover": 0.13}).limits["max_turnover"] == 0.13
    assert asked(foreign=foreign, limits={"max_turnover": 0.13}).limits["max_positions"] == 9
    assert asked(changes={"trading.fractional": True}, fractional=False).trading.fractional is False
    assert asked(changes={"trading.fractional": True}).trading.fractional is True


def test_nothing_wished_leaves_the_policy_as_it_is() -> None:
    assert asked() == POLICY
    assert asked(limits={"max_weight": POLICY.limits["max_weight"]}) == POLICY


def test_none_takes_a_limit_out_however_it_is_said() -> None:
    by_name, by_path = asked(limits={"max_weight": None}), asked(changes={"limits.max_weight": None})
    assert by_name == by_path
    assert "max_weight" not in by_name.limits


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"limits": {"max_wieght": 0.1}}, "limits.max_wieght"),
        ({"limits": {"max_weight": "much"}}, "limits.max_weight"),
        ({"limits": [0.1]}, "limits"),
        ({"changes": {"limits.max_wieght": 0.1}}, "limits.max_wieght"),
        ({"changes": {"tradng.fractional": True}}, "tradng"),
        ({"goal": "min_rsik"}, "objective.min_rsik"),
        ({"goal": "max_return", "risk_measure": "cvar"}, "risk_measure"),
        ({"risk_measure": "cvar"}, "risk_measure"),
        ({"changes": {"estimation.covariance": "guess"}}, "estimation.covariance"),
    ],
)
def test_a_word_is_used_or_refused_by_its_place(wishes: Mapping[str, Any], field: str) -> None:
    with pytest.raises((UnknownField, InvalidValue)) as caught:
        asked(**wishes)
    assert caught.value.field == field


def test_a_policy_that_no_catalog_knows_is_refused_where_it_comes_in() -> None:
    with pytest.raises(UnknownField):
        rebalance_request(BOOK, dataclasses.replace(POLICY, limits={"max_wieght": 0.1}))


def test_a_wish_for_another_portfolio_is_refused() -> None:
    foreign = read_wish({**S2, "portfolio_id": "two"})
    with pytest.raises(InvalidValue, match="the holdings are those of 'one'"):
        asked(foreign=foreign)


def test_what_is_held_is_what_may_be_bought_unless_candidates_are_said() -> None:
    described = dataclasses.replace(BOOK, described={"JNJ": {"sector": "Health Care"}})
    universe = rebalance_request(described, POLICY).universe
    assert [(asset.id, asset.sector) for asset in universe.assets] == [("AAPL", None), ("JNJ", "Health Care")]
    chosen = dataclasses.replace(described, candidates=Universe.of(["KO"]))
    assert rebalance_request(chosen, POLICY).universe.ids == ("KO",)


def test_a_book_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="no asset"):
        rebalance_request(Book(Holdings("one", {}, Decimal(1))), POLICY)


@pytest.mark.parametrize("portfolio_id", ["", "  ", "x" * 101, "a\nb"])
def test_an_id_that_no_store_keeps_is_refused(portfolio_id: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        rebalance_request(Book(Holdings(portfolio_id, {"AAPL": Decimal(1)})), POLICY)
    assert caught.value.field == "portfolio_id"


def test_values_are_read_strictly() -> None:
    assert holdings_of({"AAPL": 1.5, "cash": "10.25"}, "one") == Holdings("one", {"AAPL": Decimal("1.5")}, Decimal("10.25"))
    for wrong in ({"AAPL": "ten"}, {"AAPL": float("nan")}, ["AAPL"]):
        with pytest.raises(InvalidValue):
            holdings_of(wrong, "one")
    with pytest.raises(UnknownField):
        universe_of({"AAPL": {"sectr": "x"}}, "universe")
    with pytest.raises(InvalidValue):
        day_of(20221201, "as_of")  # type: ignore[arg-type]  # that is the point


# What a body could say to make the server read a file of its own: none of it is opened.
NAMING_A_FILE = """
import dataclasses, sys
from decimal import Decimal
from portopt.dialects.policies import shipped_policies
from portopt.domain.errors import PortoptError
from portopt.domain.holdings import Holdings
from portopt.intake.book import Book
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request

def ask(place):
    policy = shipped_policies()[0]
    sourced = {"method": "time_series", "source": f"file:{place}"}
    estimation = dataclasses.replace(policy.estimation, factors=sourced)
    book = Book(Holdings(place, {place: Decimal(1)}), {place: {"sector": place}}, notes=(place,))
    changes = {"estimation.factors": sourced, "description": place}
    for wishes in (Wishes(), Wishes(changes=changes, limits={"max_weight": {place: 0.1}})):
        for provider in ("sample", place, f"files:{place}"):
            try:
                request = rebalance_request(book, dataclasses.replace(policy, estimation=estimation), wishes, provider=provider)
                assert request.factor_returns is None
            except PortoptError as error:
                assert error.field == "provider", error

ask("warm")
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event in ("open", "os.listdir", "os.scandir") else None)
ask("/etc/hostname")
print("opened", len(opened), opened[:3])
print("loaded", *sorted(sys.modules))
"""


def test_no_value_makes_it_open_a_file() -> None:
    done = subprocess.run([sys.executable, "-c", NAMING_A_FILE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    opened, loaded = done.stdout.strip().split("\n")
    assert opened == "opened 0 []"
    modules = set(loaded.split()[1:])
    readers = {m for m in modules if m.startswith(("portopt.adapters", "portopt.doors", "portopt.tables.files", "polars"))}
    assert readers == set()


def test_a_provider_that_names_a_file_is_refused() -> None:
    with pytest.raises(InvalidValue) as caught:
        rebalance_request(BOOK, POLICY, provider="files:/etc/hostname")
    assert caught.value.field == "provider"


@pytest.mark.parametrize("values", [Book, Wishes, rebalance_request])
def test_no_field_of_the_values_is_a_path(values: Any) -> None:
    hints = typing.get_type_hints(values)
    assert hints
    assert [name for name, hint in hints.items() if Path in (hint, *typing.get_args(hint))] == []
