"""A floor on scores is not asked of the asset classes that it names, and of every other asset it is asked as before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.shared.described import notes_on_missing, require_described

FLOORS = (("min_quality", "quality_score"), ("esg_exclusion", "esg_score"))
BOOK = (
    Asset("GOOD", asset_class="Equity", quality_score=8.0, esg_score=8.0),
    Asset("POOR", asset_class="Equity", quality_score=3.0, esg_score=3.0),
    Asset("UNSCORED", asset_class="Equity"),
    Asset("AGG", asset_class="Bond"),
    Asset("JUNK", asset_class="bond", quality_score=2.0, esg_score=2.0),
    Asset("NOTHING"),
    Asset(CASH),
)


def problem(assets: tuple[Asset, ...], limits: dict[str, object]) -> Problem:
    n = len(assets)
    w_prev = np.full(n, 1.0 / n)
    moments = Moments(Universe(assets), np.full(n, 0.05), Covariance(Sigma=np.eye(n) * 0.04))
    return Problem(moments, parse_objective({"kind": "min_risk"}), parse_limits(limits), w_prev=w_prev)


def barred(kind: str, spelled: object, assets: tuple[Asset, ...] = BOOK) -> tuple[str, ...]:
    p = problem(assets, {kind: spelled})
    return p.limits[0].read(p.previous(), p).members


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_without_a_class_named_a_missing_score_is_not_a_pass(kind, attribute):
    assert barred(kind, 6.0) == ("POOR", "UNSCORED", "AGG", "JUNK", "NOTHING")
    assert barred(kind, {"score": 6.0, "exempt_classes": []}) == barred(kind, 6.0)


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_a_class_named_exempt_is_not_asked_scored_or_not_and_whatever_its_capitals(kind, attribute):
    assert barred(kind, {"score": 6.0, "exempt_classes": ["BOND "]}) == ("POOR", "UNSCORED", "NOTHING")
    assert barred(kind, {"score": 6.0, "exempt_classes": ["Commodity"]}) == barred(kind, 6.0)


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_the_reason_of_a_trade_speaks_of_the_floor_only_where_it_is_asked(kind, attribute):
    (limit,) = parse_limits({kind: {"score": 6.0, "exempt_classes": ["Bond"]}})
    said = {asset.id: limit.bars(asset, 0.0) for asset in BOOK}
    assert said["AGG"] == said["JUNK"] == said["GOOD"] == ""
    assert "is not a pass" in said["UNSCORED"]
    assert "is not a pass" in said["NOTHING"]
    assert "below the floor of 6.0" in said["POOR"]


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_what_is_exempt_and_what_lacks_a_score_are_both_named(kind, attribute):
    p = problem(BOOK, {kind: {"score": 6.0, "exempt_classes": ["Bond"]}})
    lacking, exempt = notes_on_missing(p.limits, p.universe, p.w_prev)
    assert lacking.startswith("UNSCORED, NOTHING have no ")
    assert f"{kind} does not let them be held" in lacking
    assert exempt == f"AGG, JUNK are exempt from {kind} by asset class (Bond)"
    assert p.limits[0].describe().endswith("; exempt by class: Bond")


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_a_policy_that_refuses_what_is_missing_does_not_refuse_what_is_exempt(kind, attribute):
    limits = parse_limits({kind: {"score": 6.0, "exempt_classes": ["Bond"]}})
    bonds_beside = Universe((BOOK[0], BOOK[1], BOOK[3], BOOK[-1]))
    require_described(limits, bonds_beside, every=True)
    with pytest.raises(MissingInput, match="UNSCORED has none"):
        require_described(limits, Universe((*BOOK[:4], BOOK[-1])), every=True)
    bonds_alone = Universe((BOOK[3], BOOK[-1]))
    require_described(limits, bonds_alone, every=True)
    p = problem(bonds_alone.assets, {kind: {"score": 6.0, "exempt_classes": ["Bond"]}})
    assert p.limits[0].read(p.previous(), p).members == ()


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_shares_of_which_none_is_scored_are_refused_though_bonds_stand_beside(kind, attribute):
    limits = parse_limits({kind: {"score": 6.0, "exempt_classes": ["Bond"]}})
    with pytest.raises(MissingInput, match="none of the 1 assets that are not exempt has one") as caught:
        require_described(limits, Universe((BOOK[2], BOOK[3], BOOK[-1])), every=False)
    assert any("exempt_classes" in fix for fix in caught.value.fixes)


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
@pytest.mark.parametrize(
    "classes", ["Bond", {"Bond": True}, ["Bond", 3], [""], ["*"], ["(none)"], 5, True], ids=lambda value: str(value)
)
def test_an_exemption_that_names_no_class_is_refused_where_it_stands(kind, attribute, classes):
    with pytest.raises(InvalidValue) as refused:
        parse_limits({kind: {"score": 6.0, "exempt_classes": classes}})
    assert refused.value.field == f"limits.{kind}.exempt_classes"
    assert refused.value.fixes


def test_a_mistyped_option_is_refused_with_the_nearest():
    with pytest.raises(UnknownField) as refused:
        parse_limits({"min_quality": {"score": 6.0, "exempt_class": ["Bond"]}})
    assert refused.value.nearest == "exempt_classes"


@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_a_floor_without_exemptions_is_stored_as_it_was_before_there_were_any(kind, attribute):
    (plainly,) = parse_limits({kind: 6.0})
    (exempting,) = parse_limits({kind: {"score": 6.0, "exempt_classes": ["Bond", "bond", " Money  Market "]}})
    assert plain(plainly) == {"score": 6.0, "grandfather": False}
    assert plain(exempting) == {"score": 6.0, "grandfather": False, "exempt_classes": ["Bond", "Money Market"]}
    assert exempting.relaxed(1.0).exempt_classes == exempting.exempt_classes


CLASSES = ("Equity", "Bond", "Gold", None, "")
assets = st.lists(st.tuples(st.sampled_from(CLASSES), st.one_of(st.none(), st.integers(0, 10))), min_size=1, max_size=8).filter(
    lambda found: any(score is not None for _, score in found)
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # of a busy machine: the first draw imports
@given(found=assets, exempt=st.sets(st.sampled_from(["equity", "BOND", "gold"])), floor=st.integers(0, 10))
@pytest.mark.parametrize(("kind", "attribute"), FLOORS)
def test_barred_are_those_below_or_without_a_score_that_are_of_no_exempt_class(kind, attribute, found, exempt, floor):
    book = tuple(
        Asset(f"A{i}", asset_class=group, **{attribute: None if score is None else float(score)})
        for i, (group, score) in enumerate(found)
    )
    expected = [
        f"A{i}"
        for i, (group, score) in enumerate(found)
        if (score is None or score < floor) and not (group and group.upper() in {name.upper() for name in exempt})
    ]
    spelled = {"score": float(floor), "exempt_classes": sorted(exempt)}
    assert list(barred(kind, spelled, (*book, Asset(CASH)))) == expected
    (limit,) = parse_limits({kind: spelled})
    p = problem((*book, Asset(CASH)), {kind: spelled})
    short = sorted(
        {
            floor - score
            for (group, score) in found
            if score is not None and score < floor and not (group and group.upper() in {name.upper() for name in exempt})
        }
    )
    assert list(limit.steps(p)) == pytest.approx(short)
