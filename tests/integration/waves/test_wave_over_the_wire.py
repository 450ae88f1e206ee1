"""A wave over the wire: put on record, carried out by a runner, told by pages, ended early; and who may see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_nights as nights
import pytest

from portopt.domain.access import SCOPES, Principal
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.wave import ItemState
from portopt.doors.processes.runner import work_once
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.runtime import Runtime

ASSETS, BOOKS = 12, 5
DESK = Principal("desk", frozenset(SCOPES), frozenset({"P00000", "P00001"}))
OTHER = Principal("other", frozenset(SCOPES), frozenset({"P00001", "P00002"}))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> nights.Market:
    return nights.write_market(tmp_path_factory.mktemp("market"), ASSETS)


@pytest.fixture
def runtime(market: nights.Market, tmp_path: Path) -> Runtime:
    return nights.home(tmp_path, market, BOOKS)


def asked(
    runtime: Runtime, operation: str, body: Any = None, place: Mapping[str, str] | None = None, **more: Any
) -> tuple[int, Any]:
    told = b"" if body is None else json.dumps(body).encode()
    reply = answer(Call(operation, place or {}, body=told, request_id="r", **more), runtime)
    return reply.status, json.loads(reply.body)


def begun(runtime: Runtime, **body: Any) -> str:
    status, told = asked(runtime, "create_wave", {"cause": "the month ended", "all": True, **body})
    assert status == 202, told
    return str(told["wave_id"])


def worked_out(runtime: Runtime) -> None:
    for _ in range(20):
        if not work_once(runtime, lambda said: None):
            return
    raise AssertionError("there was always something left")


def test_a_wave_is_put_on_record_and_a_runner_carries_it_out(runtime: Runtime) -> None:
    wave = begun(runtime, deadline="2099-01-01T07:00:00Z")
    status, before = asked(runtime, "get_wave", place={"wave_id": wave})
    assert (status, before["states"]["waiting"], before["ended_at"]) == (200, BOOKS, None)
    worked_out(runtime)
    told = asked(runtime, "get_wave", place={"wave_id": wave})[1]
    assert told["states"]["proposed"] == told["ended"] == BOOKS
    assert told["deadlines"] == {"given": BOOKS, "missed": 0, "said": f"missed 0 of {BOOKS}", "next": None, "late": []}
    assert told["ended_at"] is not None
    runs = {run.portfolio_id for run in runtime.runs.runs(limit=100)}
    assert runs == {f"P{k:05d}" for k in range(BOOKS)}


def test_a_wave_that_a_command_began_is_none_of_the_workers(runtime: Runtime) -> None:
    from portopt.doors.wave_form import WaveForm, recorded
    from portopt.runs.jobs import owner

    wave = recorded(WaveForm(cause="by hand"), runtime, runtime.alerts.now())
    assert owner()
    assert not work_once(runtime, lambda said: None)
    assert runtime.waves.counts(wave.wave_id) == {ItemState.WAITING: BOOKS}


def test_items_come_by_pages_and_a_refusal_is_told_whole(runtime: Runtime) -> None:
    runtime.portfolios.save(Portfolio("P-none", policy="night"))
    runtime.portfolios.declare(Holdings("P-none", {"UNKNOWN": nights.Decimal(10)}, nights.Decimal(5)), "test")
    wave = begun(runtime)
    worked_out(runtime)
    place, seen, cursor = {"wave_id": wave}, [], None
    for _ in range(4):
        page = asked(runtime, "list_wave_items", place=place, asked={"limit": "2", **({"cursor": cursor} if cursor else {})})[1]
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["number"] for item in seen] == list(range(BOOKS + 1))
    (refused,) = asked(runtime, "list_wave_items", place=place, asked={"state": "refused"})[1]["items"]
    assert refused["portfolio_id"] == "P-none"
    assert "no price for" in refused["problem"]["detail"]
    assert refused["problem"]["fixes"]
    (cause,) = asked(runtime, "get_wave", place=place)[1]["causes"]
    assert (cause["items"], cause["first"]["portfolio_id"]) == (1, "P-none")


def test_what_is_not_ended_of_a_cancelled_wave_is_never_worked_out(runtime: Runtime) -> None:
    wave = begun(runtime)
    assert work_once(runtime, lambda said: None)  # a few of them
    ended = runtime.waves.counts(wave)[ItemState.PROPOSED]
    assert 0 < ended < BOOKS
    status, told = asked(runtime, "cancel_wave", place={"wave_id": wave})
    assert status == 200
    assert (told["states"]["proposed"], told["states"]["cancelled"]) == (ended, BOOKS - ended)
    assert told["ended_at"] is not None
    worked_out(runtime)
    assert len(runtime.runs.runs(limit=100)) == ended
    status, problem = asked(runtime, "cancel_wave", place={"wave_id": wave})
    assert (status, problem["code"]) == (409, "conflict")
    (one, *_) = asked(runtime, "list_wave_items", place={"wave_id": wave}, asked={"state": "cancelled"})[1]["items"]
    assert "local ended the wave" in one["problem"]["detail"]


def test_what_a_process_works_out_of_a_wave_that_was_cancelled_meanwhile_is_not_stored(runtime: Runtime) -> None:
    from portopt.domain.wave import ItemEnd

    wave = begun(runtime)
    claimed = runtime.waves.claim(wave, "me", 60.0, size=2, most_attempts=5)
    asked(runtime, "cancel_wave", place={"wave_id": wave})
    ends = [ItemEnd(item.number, ItemState.HELD, problem={"code": "late"}) for item in claimed]
    assert runtime.waves.finish(wave, "me", ends) == 0
    assert runtime.waves.counts(wave) == {ItemState.CANCELLED: BOOKS}


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ({"all": True}, "cause", "missing"),
        ({"cause": "x"}, "portfolios", "no portfolio is named"),
        ({"cause": "x", "all": True, "portfolios": ["P00000"]}, "portfolios", "beside all"),
        ({"cause": "x", "portfolios": ["P00000", "P00000"]}, "portfolios", "asked for twice"),
        ({"cause": "x", "portfolios": ["P-nobody"]}, "portfolios", "P-nobody"),
        ({"cause": "x", "portfolios": [{"portfolio_id": "P00000", "polcy": "night"}]}, "portfolios[0].polcy", "policy"),
        ({"cause": "x", "all": True, "provider": "files:/etc/passwd"}, "provider", "files"),
        ({"cause": "x", "all": True, "pricing_pack_id": "pack-none"}, "pricing_pack_id", "no pricing pack"),
        ({"cause": "x", "all": True, "policy": "made-up"}, "policy", "made-up"),
        ({"cause": "x", "all": True, "deadline": "soon"}, "deadline", "is no time"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused_and_nothing_is_on_record(
    runtime: Runtime, body: dict[str, Any], where: str, says: str
) -> None:
    status, problem = asked(runtime, "create_wave", body)
    assert status in (404, 422), problem
    assert problem["asked"]["field"] == where
    assert says in json.dumps(problem)
    assert runtime.waves.list() == []


def test_a_wave_that_would_not_wait_is_refused_where_a_policy_wants_four_eyes(runtime: Runtime) -> None:
    careful = replace(nights.policy(ASSETS, "careful"), approval={"four_eyes": True})
    runtime.runs.save_policies([careful])
    runtime.portfolios.save(replace(runtime.portfolios.get("P00003"), policy="careful"))
    for policy in (None, "night"):  # a policy that is named does not take the portfolio's own second pair of eyes away
        status, problem = asked(runtime, "create_wave", {"cause": "x", "all": True, "policy": policy})
        assert status == 422
        assert problem["asked"]["field"] == "await_approval"
        assert "'P00003'" in problem["detail"]
    wave = begun(runtime, await_approval=True)
    worked_out(runtime)
    items = asked(runtime, "list_wave_items", place={"wave_id": wave})[1]["items"]
    run_id = next(item["run_id"] for item in items if item["portfolio_id"] == "P00003")
    status, problem = asked(runtime, "decide", {"decision": "approve"}, {"run_id": run_id})
    assert (status, problem["asked"]["field"]) == (403, "approval"), "who asked for the wave proposed it"
    other = Principal("second", frozenset(SCOPES), None)
    assert asked(runtime, "decide", {"decision": "approve"}, {"run_id": run_id}, who=other)[0] == 200


def test_a_wave_is_seen_by_who_may_see_every_portfolio_in_it(runtime: Runtime) -> None:
    status, told = asked(runtime, "create_wave", {"cause": "ours", "all": True}, who=DESK)
    assert (status, told["items"]) == (202, 2), "all are those that who asks may see"
    assert asked(runtime, "create_wave", {"cause": "x", "portfolios": ["P00003"]}, who=DESK)[0] == 404
    place = {"wave_id": told["wave_id"]}
    both = replace(OTHER, portfolios=frozenset({"P00000", "P00001", "P00002"}))
    for who, expected in ((DESK, 200), (OTHER, 404), (both, 200), (replace(OTHER, portfolios=None), 200)):
        for operation in ("get_wave", "list_wave_items"):
            assert asked(runtime, operation, place=place, who=who)[0] == expected, (who, operation)
    assert asked(runtime, "cancel_wave", place=place, who=OTHER)[0] == 404
    assert [w["wave_id"] for w in asked(runtime, "list_waves", who=DESK)[1]["waves"]] == [told["wave_id"]]
    assert asked(runtime, "list_waves", who=OTHER)[1]["waves"] == []


def test_waves_come_by_pages_the_newest_first(runtime: Runtime) -> None:
    made = [begun(runtime, cause=f"cause {k}") for k in range(3)]
    first = asked(runtime, "list_waves", asked={"limit": "2"})[1]
    rest = asked(runtime, "list_waves", asked={"limit": "2", "cursor": first["next_cursor"]})[1]
    assert [wave["wave_id"] for wave in (*first["waves"], *rest["waves"])] == made[::-1]
    assert rest["next_cursor"] is None
    assert asked(runtime, "list_waves", asked={"cursor": "wave-never"})[0] == 422
