"""What is missing for a limit is not a pass: blanking what a limit of the catalog reads is refused, or bound and said."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from catalog_market import LIMITS_THAT_BIND, request

from portopt.domain.errors import DataError, MissingInput
from portopt.domain.request import OptimizationRequest
from portopt.domain.universe import CASH, Asset, Universe
from portopt.formulation import as_asked
from portopt.questions.weights import CertifiedWeights, optimize
from portopt.terms.catalog import LIMITS
from portopt.terms.shared.described import NOUNS, require_described

OBJECTIVE = {"kind": "max_return"}
BLANKS = (*NOUNS, "attributes", "average_daily_value")
KINDS = [kind for kind in LIMITS_THAT_BIND if kind not in ("budget", "long_only", "frozen")]


def blanked(asked: OptimizationRequest, asset_id: str, name: str) -> OptimizationRequest:
    """The same question without one thing known of one asset."""
    if name == "average_daily_value":
        known = {a: v for a, v in (asked.average_daily_value or {}).items() if a != asset_id}
        return dataclasses.replace(asked, average_daily_value=known)

    def of(asset: Asset) -> Asset:
        if asset.id != asset_id:
            return asset
        return dataclasses.replace(asset, **{name: {} if name == "attributes" else None})

    return dataclasses.replace(asked, universe=Universe(tuple(of(asset) for asset in asked.universe.assets)))


def weights(asked: OptimizationRequest) -> np.ndarray:
    return optimize(asked).validated.weights


def answer_or_refusal(asked: OptimizationRequest) -> tuple[CertifiedWeights | None, str]:
    try:
        return optimize(asked), ""
    except (MissingInput, DataError) as refusal:
        return None, refusal.detail


def reads(kind: str, spelled: Any, name: str) -> bool:
    """Whether a limit, as it is spelled on this market, says that it reads this of an asset."""
    if name in NOUNS:
        limit = LIMITS[kind].parse(spelled)
        return name in limit.reads
    return kind in {"attributes": ("exposure_limits", "active_exposure_limits"), "average_daily_value": VOLUME}[name]


VOLUME = ("liquidity", "days_to_liquidate")


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_notices_every_attribute_it_reads_and_no_other(kind):
    """Blanking what it does not read changes nothing at all; what it reads is refused, or said with the asset's name."""
    limits = LIMITS_THAT_BIND[kind]
    asked = request(OBJECTIVE, limits)
    before = as_asked(asked)
    for name in BLANKS:
        without = blanked(asked, "AAPL", name)
        try:
            after = as_asked(without)
            read, again = after.limit(kind), before.limit(kind)
            assert read is not None
            assert again is not None
            w = np.full(after.n, 1.0 / after.n)
            same = np.array_equal(read.read(w, after).measured, again.read(w, before).measured)
        except (MissingInput, DataError) as refusal:
            refused = refusal.detail
        else:
            refused = None
        if refused is not None:
            assert reads(kind, limits[kind], name), f"{kind} refuses for want of {name}"
            assert "AAPL" in refused
            continue
        said = [note for note in after.notes if note not in before.notes]
        if reads(kind, limits[kind], name):
            assert any("AAPL" in note and kind in note for note in said) or "(none)" in read.read(w, after).members
        else:
            assert same
            assert said == []


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("sector_limits", "sector"),
        ("asset_class_limits", "asset_class"),
        ("min_quality", "quality_score"),
        ("esg_exclusion", "esg_score"),
        ("min_esg", "esg_score"),
        ("liquidity", "average_daily_value"),
        ("days_to_liquidate", "average_daily_value"),
        ("exposure_limits", "attributes"),
    ],
)
def test_blanking_the_heaviest_asset_never_lets_more_through_than_the_limit_allows(kind, attribute):
    limits = LIMITS_THAT_BIND[kind]
    asked = request(OBJECTIVE, limits)
    w = weights(asked)
    heaviest = asked.universe.ids[int(np.argmax(w * ~asked.universe.is_cash))]
    without = blanked(asked, heaviest, attribute)
    answer, refused = answer_or_refusal(without)
    if answer is None:
        assert heaviest in refused
        return
    weight = answer.validated.weights[asked.universe.positions[heaviest]]
    limit = answer.problem.limit(kind)
    assert limit is not None
    assert limit.read(answer.validated.weights, answer.problem).worst() <= 1e-9
    assert any(heaviest in note for note in answer.problem.notes)
    if kind in ("sector_limits", "asset_class_limits"):
        caps = limits[kind] if isinstance(limits[kind], dict) else {"*": limits[kind]}
        assert weight <= min(cap[1] if isinstance(cap, list) else cap for cap in caps.values()) + 1e-9
    elif kind in ("min_quality", "esg_exclusion"):
        assert weight <= 1e-9 or limit.grandfather
    elif kind == "min_esg":
        scores = np.nan_to_num(without.universe.scores("esg_score"), nan=0.0)
        counted = answer.validated.weights * ~asked.universe.is_cash
        assert scores @ counted >= limits[kind]["score"] * counted.sum() - 1e-9


def test_an_expression_that_speaks_of_a_sector_refuses_assets_without_one():
    asked = blanked(request(OBJECTIVE, {"custom": {"little energy": 'sum(sector("Energy") * w) <= 0.1'}}), "AAPL", "sector")
    with pytest.raises(MissingInput, match="speaks of a sector, and 1 assets have none: AAPL"):
        optimize(asked)


@pytest.mark.parametrize(("attribute", "blank"), [("sector", ""), ("sector", " "), ("esg_score", float("nan"))])
def test_a_blank_is_as_missing_as_nothing(attribute, blank):
    limits = {"sector_limits": {"Energy": 0.1}, "min_esg": {"score": 7.0}}
    asked = request(OBJECTIVE, limits)

    def of(value: Any) -> CertifiedWeights:
        assets = [dataclasses.replace(a, **{attribute: value}) if a.id == "AAPL" else a for a in asked.universe.assets]
        return optimize(dataclasses.replace(asked, universe=Universe(tuple(assets))))

    assert of(blank).problem.notes == of(None).problem.notes
    np.testing.assert_allclose(of(blank).validated.weights, of(None).validated.weights, atol=1e-9)


def test_two_assets_without_a_sector_are_together_held_to_the_smallest_cap():
    asked = request(OBJECTIVE, {"sector_limits": {"*": 0.4, "Energy": 0.1}})
    without = blanked(blanked(asked, "AAPL", "sector"), "MSFT", "sector")
    answer = optimize(without)
    held = answer.validated.weights[[without.universe.positions[a] for a in ("AAPL", "MSFT")]].sum()
    assert held <= 0.1 + 1e-12
    (note,) = [note for note in answer.problem.notes if "no sector" in note]
    assert note.startswith("AAPL, MSFT have no sector: sector_limits holds them together to at most 10.00 %")
    freer = dataclasses.replace(without, limits={"sector_limits": {"*": 0.4, "Energy": 0.1, "(none)": 0.3}})
    held = optimize(freer).validated.weights[[without.universe.positions[a] for a in ("AAPL", "MSFT")]].sum()
    assert held <= 0.3 + 1e-12


def test_a_policy_may_refuse_what_is_missing_instead_of_binding_it():
    asked = blanked(request(OBJECTIVE, {"sector_limits": 0.3}), "KO", "sector")
    limits = (LIMITS["sector_limits"].parse(0.3),)
    require_described(limits, asked.universe, every=False)
    with pytest.raises(MissingInput, match=r"limits sector \(sector_limits\), and KO has none") as caught:
        require_described(limits, asked.universe, every=True)
    assert "give KO a value in the column sector" in caught.value.fixes
    assert CASH not in caught.value.detail
