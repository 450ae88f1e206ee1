"""What a changed policy would have made of proposals that were made: against the same policy, and against asking for it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import small_book

from portopt.dialects.policies import override, write_policy
from portopt.document.policies import preview_document, versions_document
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.request import Policy
from portopt.doors.cli import run
from portopt.questions import policies
from portopt.questions.policy_preview import policy_preview
from portopt.questions.rebalance import rebalance
from portopt.runs.history import proposals_under
from portopt.runtime import Runtime, open_runtime, runtime
from portopt.settings import Settings

POLICY = override(small_book.request().policy, {"limits.cash": {"max": 0.05}})


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Two proposals under one policy, on the same prices with more cash."""
    made = open_runtime(Settings(home=tmp_path_factory.mktemp("home")))
    policies.seed_policies(made, (POLICY,))
    for cash in (5_000, 9_000):
        rebalance(small_book.request(cash, policy=POLICY), made, market=small_book.market(), frontier=False)
    return made


def runs(here: Runtime) -> list[str]:
    return proposals_under(POLICY.id, here, limit=5)


def preview(here: Runtime, draft: Policy) -> dict[str, object]:
    return preview_document(policy_preview(draft, runs(here), here))


def test_the_same_policy_would_have_made_the_same_proposals(here: Runtime) -> None:
    told = preview(here, POLICY)
    assert (told["changes"], told["sentence"]) == ([], "Of 2 proposals 2 would be the same.")
    for one in told["proposals"]:
        assert one["stands"] == one["after"]
        assert one["binding"]["stands"] == one["binding"]["after"]


def test_a_changed_limit_gives_what_asking_under_it_gives(here: Runtime, tmp_path: Path) -> None:
    """The same weights as a rebalance of that book under that policy proposes, in a store of its own."""
    tighter = override(POLICY, {"limits.max_weight": 0.45})
    told = preview(here, tighter)
    assert told["changes"] == [{"path": "limits.max_weight", "a": 0.6, "b": 0.45}]
    other = open_runtime(Settings(home=tmp_path))
    asked = replace(small_book.request(9_000), policy=tighter)
    document = rebalance(asked, other, market=small_book.market(), frontier=False).document
    newest = told["proposals"][0]
    for row in newest["weights"]:
        line = next(line for line in document["proposal"] if line["asset_id"] == row["asset_id"])
        assert row["after"] == pytest.approx(line["target_weight"], abs=1e-9)
    assert newest["outcome"] == "other"
    assert newest["binding"]["began"] == ["max_weight"]
    assert newest["stands"]["limits_broken"][0]["limit"] == "max_weight"
    assert newest["after"]["limits_broken"] == []


def test_other_beliefs_are_worked_out_anew(here: Runtime) -> None:
    told = preview(here, override(POLICY, {"estimation.covariance": "sample"}))
    assert [one["outcome"] for one in told["proposals"]] == ["other", "other"]


def test_a_policy_that_leaves_no_portfolio_names_the_proposals_and_what_would_mend_it(here: Runtime) -> None:
    told = preview(here, override(POLICY, {"limits.max_weight": 0.2}))
    assert told["sentence"] == "Of 2 proposals 2 could not be made."
    for one in told["proposals"]:
        assert one["after"] is None
        assert one["problem"]["code"] == "infeasible"
        assert one["problem"]["fixes"]


def test_too_many_proposals_are_refused(here: Runtime) -> None:
    with pytest.raises(InvalidValue, match="at most 20"):
        policy_preview(POLICY, ["x"] * 21, here)


def test_versions_come_newest_first_with_what_each_changed(tmp_path: Path) -> None:
    here = open_runtime(Settings(home=tmp_path))
    later = replace(override(POLICY, {"limits.max_weight": 0.45}), method_version="v10")
    policies.seed_policies(here, (replace(POLICY, method_version="v9"), later))
    found = policies.versions(POLICY.id, here)
    told = versions_document(POLICY.id, found, [policies.in_words(one.policy) for one in found])["versions"]
    assert [one["method_version"] for one in told] == ["v10", "v9"]
    assert told[0]["changes"] == [{"path": "limits.max_weight", "a": 0.6, "b": 0.45}]
    assert told[1]["changes"] is None
    words = {line["name"]: line for line in told[0]["words"]}
    assert (words["max_weight"]["words"], words["max_weight"]["page"]) == ("each position at most 45.00 %", "policies.md")


def test_a_shipped_policy_that_nobody_stored_has_one_version(tmp_path: Path) -> None:
    (only,) = policies.versions("quality_focused", open_runtime(Settings(home=tmp_path)))
    assert (only.policy.id, only.created_at) == ("quality_focused", None)


def test_the_command_line_says_the_same(
    here: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(here.settings.home))
    monkeypatch.setenv("COLUMNS", "200")
    runtime.cache_clear()
    draft = override(POLICY, {"limits.max_weight": 0.45})
    (tmp_path / "draft.json").write_text(json.dumps(write_policy(draft)))
    assert run(["policies", "preview", str(tmp_path / "draft.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(preview(here, draft)))
    assert run(["policies", "preview", str(tmp_path / "draft.json")]) == 0
    assert "limits.max_weight: 0.6 → 0.45" in capsys.readouterr().out
    assert run(["policies", "versions", POLICY.id]) == 0
    assert POLICY.method_version in capsys.readouterr().out
    runtime.cache_clear()


def test_a_held_book_is_not_what_is_previewed(here: Runtime) -> None:
    """Holdings of today do not enter: a proposal is held against what was held then."""
    before = preview(here, POLICY)
    here.runs.save_holdings(Holdings("P1", {"C": Decimal(10)}, Decimal(1_000)))
    assert preview(here, POLICY) == before
