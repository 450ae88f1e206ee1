"""A model portfolio with bands: the published rule, who trades and how far, and what is told where it cannot be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import portopt
from portopt.domain.errors import InfeasibleRequest, InvalidValue, MissingInput, PortoptError
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.shared.banding import Band, Target, read_band


def answered(now: dict[str, float], model: dict[str, Any], to: str = "edge", **more: Any) -> dict[str, float]:
    limits = {"model_bands": model, **more.pop("limits", {})}
    Sigma = np.diag([0.0 if name == CASH else 0.04 for name in now])
    found = portopt.optimize(
        covariance=Sigma,
        expected_returns=dict.fromkeys(now, 0.05),
        current_weights=now,
        objective={"kind": "model", "to": to},
        limits=limits,
        **more,
    )
    return {name: round(w, 9) + 0.0 for name, w in found.weights.items()}


# Swedroe: an absolute 5 percentage points or a relative 25 % of the target, whichever is less.
FIVE_TWENTY_FIVE = {
    0.60: (0.55, 0.65),
    0.50: (0.45, 0.55),
    0.30: (0.25, 0.35),
    0.20: (0.15, 0.25),
    0.10: (0.075, 0.125),
    0.05: (0.0375, 0.0625),
    0.04: (0.03, 0.05),
    0.02: (0.015, 0.025),
}


@pytest.mark.parametrize("target", FIVE_TWENTY_FIVE)
def test_the_published_rule_of_five_and_twenty_five(target):
    assert Target(target, read_band("b", "5/25")).edges(0.0) == pytest.approx(FIVE_TWENTY_FIVE[target], abs=1e-15)


@pytest.mark.parametrize(
    ("spelled", "band"),
    [
        (0.05, Band(absolute=0.05)),
        (0, Band(absolute=0.0)),
        ("25%", Band(relative=0.25)),
        ("25 %", Band(relative=0.25)),
        ("2500 bps", Band(relative=0.25)),
        ("5/25", Band(0.05, 0.25)),
        ("5%/25%", Band(0.05, 0.25)),
        (" 3 / 20 ", Band(0.03, 0.2)),
        ({"absolute": 0.02}, Band(absolute=0.02)),
        ({"absolute": "2 %", "relative": "10 %"}, Band(0.02, 0.1)),
        (None, Band()),
    ],
    ids=str,
)
def test_a_band_is_absolute_relative_both_or_none(spelled, band):
    assert read_band("b", spelled) == band


@pytest.mark.parametrize("spelled", ["wide", "5", "5/", "-25%", -0.1, 1.5, True, [0.05], {"width": 0.1}, "5/25/50"], ids=str)
def test_what_is_no_band_is_told(spelled):
    with pytest.raises(PortoptError) as refused:
        read_band("limits.model_bands.band", spelled)
    assert refused.value.fixes


MODEL = {"A": 0.4, "B": 0.4, "C": 0.1, "CASH": 0.1}
NOW = {"A": 0.5, "B": 0.3, "C": 0.1, "CASH": 0.1}


def test_what_is_out_of_its_band_goes_to_its_edge_or_to_its_target_and_nothing_else_is_traded():
    assert answered(NOW, {"weights": MODEL, "band": 0.05}) == {"A": 0.45, "B": 0.35, "C": 0.1, "CASH": 0.1}
    assert answered(NOW, {"weights": MODEL, "band": 0.05}, "target") == {"A": 0.4, "B": 0.4, "C": 0.1, "CASH": 0.1}
    assert answered(NOW, {"weights": MODEL, "band": "5/25"}) == {"A": 0.45, "B": 0.35, "C": 0.1, "CASH": 0.1}


@pytest.mark.parametrize("to", ["edge", "target"])
@pytest.mark.parametrize("band", [0.1, "25%", "10/30"])
def test_inside_every_band_nothing_is_traded(to, band):
    assert answered(NOW, {"weights": MODEL, "band": band}, to) == NOW


def test_money_comes_from_cash_before_another_asset_is_traded():
    now = {"A": 0.30, "B": 0.40, "C": 0.1, "CASH": 0.2}
    assert answered(now, {"weights": {"A": 0.4, "B": 0.4}, "band": {"absolute": 0.06}, "others": "free"}) == {
        "A": 0.34,
        "B": 0.40,
        "C": 0.1,
        "CASH": 0.16,
    }


def test_without_cash_the_money_comes_from_what_is_furthest_from_its_target():
    now = {"A": 0.30, "B": 0.36, "C": 0.34}
    found = answered(now, {"weights": {"A": 0.4, "B": 0.3, "C": 0.3}, "band": 0.08})
    # A is bought 2 points; B stands 6 points above its target and C 4: B alone is sold.
    assert found == {"A": 0.32, "B": 0.34, "C": 0.34}


def test_a_null_band_is_never_sold_and_bought_only_up_to_its_target():
    model = {"weights": {"A": {"target": 0.2, "band": None}, "B": 0.4, "C": 0.3, "CASH": 0.1}, "band": 0.4}
    assert answered(NOW, model)["A"] == 0.5
    low = {"A": 0.1, "B": 0.5, "C": 0.3, "CASH": 0.1}
    assert answered(low, {**model, "band": 0.01})["A"] <= 0.2 + 1e-9
    assert answered(low, {**model, "band": 0.01})["A"] >= 0.1 - 1e-9


def test_what_the_model_does_not_name_is_sold_or_left_as_the_model_says():
    now = {"A": 0.4, "B": 0.4, "OLD": 0.1, "CASH": 0.1}
    model = {"weights": {"A": 0.45, "B": 0.45, "CASH": 0.1}, "band": 0.1}
    assert answered(now, model) == {"A": 0.4, "B": 0.4, "OLD": 0.0, "CASH": 0.2}
    assert answered(now, {**model, "others": "free"}) == now
    assert answered(now, {"weights": {"A": 0.4, "CASH": 0.2, "*": 0.2}, "band": 0.1})["B"] == 0.3


GROUPS = {"A": {"sector": "T"}, "B": {"sector": "T"}, "C": {"sector": "U"}}


def test_a_sector_out_of_its_band_is_brought_to_its_edge_by_its_members_alike():
    found = answered(NOW, {"sector": {"T": {"target": 0.6, "band": 0.05}, "U": {"target": 0.2, "band": 0.2}}}, assets=GROUPS)
    assert found == {"A": 0.425, "B": 0.225, "C": 0.1, "CASH": 0.25}


def test_the_members_of_a_sector_with_targets_of_their_own_move_towards_them():
    model = {
        "sector": {"T": {"target": 0.6, "band": 0.05}, "U": 0.3},
        "weights": {"A": {"target": 0.3, "band": 0.5}},
        "band": 0.3,
    }
    found = answered(NOW, {**model, "others": "free"}, assets=GROUPS)
    assert found["A"] + found["B"] == pytest.approx(0.65)
    assert found["A"] == pytest.approx(0.35)  # 20 points above its target, B stands where it is wanted


def test_what_has_no_sector_counts_to_the_smallest_upper_edge_and_towards_no_floor():
    groups = {"A": {"sector": "T"}, "B": {"sector": "U"}, "C": {}}
    now = {"A": 0.3, "B": 0.2, "C": 0.4, "CASH": 0.1}
    found = answered(now, {"sector": {"T": 0.3, "U": 0.2}, "band": 0.05}, assets=groups)
    assert found["C"] == 0.25  # U's 20 % and 5 points
    assert (found["A"], found["B"]) == (0.3, 0.2)


def test_an_asset_class_that_the_model_does_not_name_is_sold():
    classes = {"A": {"asset_class": "Equity"}, "B": {"asset_class": "Bond"}, "C": {"asset_class": "Commodity"}}
    model = {"asset_class": {"Equity": 0.6, "Bond": 0.4}, "band": 0.2}
    assert answered(NOW, model, assets=classes)["C"] == 0.0
    assert answered(NOW, {**model, "others": "free"}, assets=classes)["C"] == 0.1


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ({}, "names no target"),
        ({"weights": {"A": 0.4}}, "what are the other 60.00 % to be"),
        ({"weights": {"A": 0.9, "B": 0.4}}, "add up to 130.00 %"),
        ({"weights": {"Q": 0.5, "CASH": 0.5}}, "no asset 'Q'"),
        ({"weights": MODEL, "band": "wide"}, "is no band"),
        ({"weights": MODEL, "others": "kept"}, "is none of sold, free"),
        ({"sector": {"T": 0.5}}, "none of the 3 assets has one"),
        ({"weights": {"A": {"band": 0.1}, "CASH": 1.0}}, "needs 'target'"),
        ({"wieghts": MODEL}, "did you mean 'weights'"),
        ({"weights": {"A": "half", "CASH": 0.5}}, "a number is needed"),
        ({"weights": {"A": 40, "CASH": 0.6}}, "may not be above 10|is 4000 %"),
    ],
    ids=str,
)
def test_a_model_that_says_no_one_thing_is_told(model, says):
    with pytest.raises(PortoptError, match=says) as refused:
        answered(NOW, model)
    assert refused.value.fixes


def test_the_objective_needs_its_model_and_the_model_needs_a_book():
    with pytest.raises(MissingInput, match="needs a model portfolio"):
        portopt.optimize(
            covariance=np.eye(2), expected_returns={"A": 0.1, "B": 0.1}, objective="model", current_weights={"A": 1.0, "B": 0.0}
        )
    limits = {"model_bands": {"weights": {"A": 0.5, "B": 0.5}}}
    with pytest.raises(MissingInput, match="current weights"):
        portopt.optimize(covariance=np.eye(2), expected_returns={"A": 0.1, "B": 0.1}, objective="model", limits=limits)


def test_bands_bind_any_other_objective_too():
    limits = {"model_bands": {"weights": {"A": 0.5, "B": 0.3, "C": 0.2}, "band": 0.1}}
    beliefs = {"A": 0.02, "B": 0.20, "C": 0.10}
    found = portopt.optimize(covariance=np.eye(3) * 0.04, expected_returns=beliefs, objective="max_return", limits=limits)
    assert list(found.weights.values()) == pytest.approx([0.4, 0.4, 0.2])


def test_bands_that_conflict_with_another_limit_are_named_and_opened_in_their_own_unit():
    with pytest.raises(InfeasibleRequest) as refused:
        answered(NOW, {"weights": MODEL, "band": 0.05}, limits={"max_turnover": 0.01})
    told = str(refused.value.problem())
    assert "model_bands" in told
    assert "max_turnover" in told
    assert refused.value.fixes


def test_a_band_may_be_a_wish():
    found = answered(
        NOW, {"value": {"weights": MODEL, "band": 0.05}, "soft": True, "penalty": 50.0}, limits={"max_turnover": 0.03}
    )
    assert found["A"] == pytest.approx(0.47, abs=1e-6)


# --- look-through -------------------------------------------------------------------------------------------------

FUND = {"asset_class": {"Equity": 0.6, "Bond": 0.4}, "sector": {"T": 0.3, "U": 0.2}, "asset": {"A": 0.1, "X": 0.25}}
SEEN = {
    "A": {"sector": "T", "asset_class": "Equity"},
    "B": {"sector": "U", "asset_class": "Bond"},
    "FUND": {"composition": FUND},
}


def seen(limits: dict[str, Any], *, fund: dict[str, Any] = FUND) -> Problem:
    assets = (
        Asset("A", sector="T", asset_class="Equity"),
        Asset("B", sector="U", asset_class="Bond"),
        Asset("FUND", composition=fund),
    )
    universe = Universe((*assets, Asset(CASH)))
    moments = Moments(universe, np.full(4, 0.05), Covariance(Sigma=np.diag([0.04, 0.03, 0.02, 0.0])))
    return Problem(moments, parse_objective("min_risk"), parse_limits(limits), w_prev=np.array([0.3, 0.2, 0.4, 0.1]))


def readings(limits: dict[str, Any], **more: Any) -> dict[str, float]:
    p = seen(limits, **more)
    found = p.limits[0].read(p.previous(), p)
    return dict(zip(found.members, found.measured.round(12).tolist(), strict=True))


def test_limits_on_groups_count_what_a_fund_holds_of_each_and_the_rest_among_what_has_none():
    assert readings({"asset_class_limits": 0.5}) == {"Bond": 0.36, "Equity": 0.54}
    assert readings({"sector_limits": 0.5}) == {"T": 0.42, "U": 0.28, "(none)": 0.2}


def test_a_fund_without_a_table_of_sectors_is_seen_through_the_assets_in_it():
    assert readings({"sector_limits": 0.5}, fund={"asset": {"A": 0.1, "X": 0.25}}) == {"T": 0.34, "U": 0.2, "(none)": 0.36}


def test_a_fund_without_a_composition_is_not_exempt():
    assert readings({"sector_limits": 0.5}, fund={}) == {"T": 0.3, "U": 0.2, "(none)": 0.4}
    p = seen({"sector_limits": {"T": 0.5, "U": 0.25}}, fund={})
    assert p.limits[0].read(p.previous(), p).sides("(none)") == (-np.inf, 0.25)


def test_a_cap_on_positions_counts_what_is_held_through_funds_also_of_names_that_are_no_asset_here():
    found = readings({"max_weight": 0.3})
    assert found == {"A": 0.34, "X": 0.1, "B": 0.2, "FUND": 0.4}
    assert "X" not in readings({"max_weight": {"A": 0.3}})
    assert readings({"max_weight": {"X": 0.05}}) == {"X": 0.1}


def test_a_model_counts_a_named_asset_through_funds_and_an_unnamed_one_by_itself():
    model = {"weights": {"A": 0.3, "FUND": 0.4, "CASH": 0.3}, "sector": {"T": 0.4, "U": 0.3}}
    assert readings({"model_bands": model}) == {
        "A": 0.34,
        "B": 0.2,
        "FUND": 0.4,
        "CASH": 0.1,
        "sector T": 0.42,
        "sector U": 0.28,
        "sector (none)": 0.2,
    }


def test_the_solver_keeps_what_the_auditor_reads_through_funds():
    beliefs = {"A": 0.10, "B": 0.02, "FUND": 0.09}
    found = portopt.optimize(
        covariance=np.eye(3) * 0.04,
        expected_returns=beliefs,
        objective="max_return",
        assets=SEEN,
        limits={"asset_class_limits": {"Equity": 0.5, "Bond": 0.9}, "max_weight": {"A": 0.35, "X": 0.1, "*": 1.0}},
    ).weights
    w = np.array([found[i] for i in ("A", "B", "FUND")])
    assert w[0] + 0.6 * w[2] <= 0.5 + 1e-9
    assert w[0] + 0.1 * w[2] <= 0.35 + 1e-9
    assert 0.25 * w[2] <= 0.1 + 1e-9
    # A corner by hand: 10 A + 2 B + 9 FUND on A + .6 F <= .5, A + .1 F <= .35, F <= .4, A + B + F = 1.
    corners = [np.array([a, 1 - a - f, f]) for a, f in ((0.26, 0.4), (0.32, 0.3), (0.35, 0.0), (0.0, 0.4))]
    assert float(w @ [0.10, 0.02, 0.09]) == pytest.approx(max(float(c @ [0.10, 0.02, 0.09]) for c in corners), abs=1e-9)


@pytest.mark.parametrize(
    ("fund", "says"),
    [
        ({"country": {"US": 1.0}}, "is nothing a fund is told by"),
        ({"sector": {"T": 1.2}}, "no share between 0 and 1"),
        ({"sector": {"T": 0.7, "U": 0.7}}, "more than the whole fund"),
        ({"sector": {"T": "30 %"}}, "no share between"),
        ({"sector": {}}, "names no share"),
        ({"sector": {"T": True}}, "no share between"),
    ],
    ids=str,
)
def test_a_composition_that_cannot_be_is_told(fund, says):
    with pytest.raises(InvalidValue, match=says) as refused:
        readings({"sector_limits": 0.5}, fund=fund)
    assert str(refused.value.field).startswith("composition.FUND")


# --- whole shares and words ---------------------------------------------------------------------------------------


def proposed(model: dict[str, Any], to: str = "edge") -> Any:
    policy = {
        "id": "m",
        "objective": {"kind": "model", "to": to},
        "limits": {"long_only": True, "model_bands": model},
        "costs": {"commission": {"per_trade": "5.00"}},
    }
    holdings = {"AAPL": 500, "MSFT": 300, "JNJ": 200, "XOM": 400, "CASH": 20_000}
    return portopt.rebalance(
        holdings, None, policy, universe={a: {"sector": "S"} for a in ("AAPL", "MSFT", "JNJ", "XOM", "PG")}
    )


def test_whole_shares_keep_the_bands_and_the_reasons_speak_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    model = {"weights": {"AAPL": 0.2, "MSFT": 0.2, "JNJ": 0.3, "PG": 0.25, "CASH": 0.05}, "band": "5/25"}
    document = proposed(model).document
    why = {row["asset_id"]: row["why"] for row in document["proposal"]}
    assert why["JNJ"].startswith("Bought back to the lower edge of its band, 25.00 %")
    assert why["AAPL"].startswith("Trimmed back to the upper edge of its band, 25.00 %")
    assert why["XOM"] == "Sold entirely: the model holds nothing of it"
    rows = {row["asset_id"]: row for row in document["proposal"]}
    shares = {name: Decimal(str(row["shares_after"])) for name, row in rows.items() if name != CASH}
    assert all(count == int(count) for count in shares.values())
    money = {name: count * Decimal(str(rows[name]["price"])) for name, count in shares.items()}
    cash = Decimal(str(rows[CASH]["weight_after"]))
    value = sum(money.values()) / (1 - cash)
    edges = {"AAPL": (0.15, 0.25), "MSFT": (0.15, 0.25), "JNJ": (0.25, 0.35), "PG": (0.2, 0.3)}
    assert 0.0375 - 1e-9 <= float(cash) <= 0.0625 + 1e-9
    for name, (low, high) in edges.items():
        assert low - 1e-9 <= float(money[name] / value) <= high + 1e-9
    held = next(limit for limit in document["limits"] if limit["limit"] == "model_bands")
    assert held["holds"]


def test_a_book_inside_its_bands_has_no_trade(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    model = {"weights": {"AAPL": 0.25, "MSFT": 0.3, "JNJ": 0.15, "XOM": 0.2, "CASH": 0.1}, "band": 0.05}
    assert proposed(model).document["trades"] == []
    assert proposed(model, "target").document["trades"] == []
