"""A shock is told once a rule: how many, the worst, some by name; few are told one by one; nothing is told twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_watch import MINUTE, START, Watch, figure, rule

from portopt.dialects.alerts import notice_data
from portopt.domain.watch import Figure, Notice, Severity, Told, labels
from portopt.monitoring.evaluation.telling import key_of

OVER = "book_drift > limit(book_drift)"


def books(values: Sequence[float | None], minute: int = 0) -> list[Figure]:
    at = START + minute * MINUTE
    return [figure(v, at, of=labels(portfolio=f"P{k:04}")) for k, v in enumerate(values) if v is not None]


def told_of(notices: Sequence[Notice]) -> list[str]:
    """The key of every alert that is told of, once for each time."""
    return [key for one in notices for key in (one.keys or (one.key,))]


def test_a_shock_to_five_hundred_books_is_one_message_that_names_the_worst() -> None:
    watch = Watch([rule(OVER)])
    watch.at(START, books([0.06 + k / 10_000 for k in range(500)]))
    (notice,) = watch.told
    assert notice.told is Told.FIRING
    assert notice.alert is None
    assert notice.alerts == len(set(notice.keys)) == 500
    body = notice.body
    assert (body["group"], body["count"], body["not_named"], body["parts"]) == ({"rule": "drift"}, 500, 495, 1)
    assert body["worst"]["of"] == {"portfolio": "P0499"}
    assert [one["of"]["portfolio"] for one in body["named"]] == ["P0499", "P0498", "P0497", "P0496", "P0495"]
    assert set(body["alerts"]) == {alert.alert_id for alert in watch.standing.alerts}
    assert notice.text == (
        "[firing] drift: 500 alerts fire, the oldest since 2024-05-06 09:00 UTC. The worst, P0499: it is 10.99 % of 5.00 %"
        " Also P0498, P0497, P0496, P0495, 495 more. See: portopt alerts list --rule drift"
    )
    assert {key_of(alert) for alert in watch.standing.alerts} == set(notice.keys)


@pytest.mark.parametrize(("many", "messages"), [(1, 1), (2, 2), (3, 1), (4, 1)])
def test_fewer_than_three_are_told_one_by_one(many: int, messages: int) -> None:
    watch = Watch([rule(OVER)])
    watch.at(START, books([0.07] * many))
    assert len(watch.told) == messages
    assert [notice.alert is None for notice in watch.told] == [many >= 3] * messages


def test_those_that_end_together_are_told_so_together_and_one_that_began_alone_alone() -> None:
    watch = Watch([rule(OVER)])
    watch.at(START, books([0.07, 0.08, 0.09, 0.01]))
    watch.at(START + MINUTE, books([0.01, 0.01, 0.01, 0.07], 1))
    assert [(one.told.value, one.alerts) for one in watch.told] == [("firing", 3), ("resolved", 3), ("firing", 1)]
    assert "3 alerts are over" in watch.told[1].text
    assert watch.told[1].body["see"] == "portopt alerts list --rule drift --state resolved"
    assert watch.told[1].body["worst"]["of"] == {"portfolio": "P0002"}, "the one that went furthest, not where it ended"
    assert watch.told[0].key == watch.told[1].key


def test_each_rule_has_a_message_of_its_own() -> None:
    watch = Watch([rule(OVER), rule("book_drift > 0.04", name="drift_soon")])
    watch.at(START, books([0.07] * 10))
    assert [one.body["group"] for one in watch.told] == [{"rule": "drift"}, {"rule": "drift_soon"}]


def test_rules_that_are_grouped_by_portfolio_share_a_message_and_the_worst_is_by_severity_first() -> None:
    by_book = "group_by: portfolio\ngroup_from: 2"
    small = rule(OVER, extra=by_book)
    pages = rule("book_cash < 0.01", name="cash", figure="book_cash", extra=by_book)
    watch = Watch([small, *[type(pages)(**{**fields_of(pages), "severity": Severity.PAGE})]])
    of = labels(portfolio="P1")
    watch.at(START, [figure(0.5, START, of=of), figure(0.0, START, of=of, name="book_cash", limit=None)])
    (notice,) = watch.told
    assert notice.body["group"] == {"portfolio": "P1"}
    assert notice.severity is Severity.PAGE
    assert notice.body["worst"]["rule"] == "cash"
    assert notice.body["see"] == "portopt alerts list --portfolio P1"
    assert notice.text.startswith("[firing] portfolio P1: 2 alerts fire")


def fields_of(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}  # type: ignore[attr-defined]


def test_a_rule_that_is_not_grouped_tells_of_each_alone() -> None:
    watch = Watch([rule(OVER, extra="group_by: none")])
    watch.at(START, books([0.07] * 20))
    assert len(watch.told) == 20
    assert [one.key for one in watch.told] == [key_of(one.alert) for one in watch.told if one.alert]


def test_how_many_are_named_and_from_how_many_on_is_data() -> None:
    watch = Watch([rule(OVER, extra="group_from: 10\ngroup_names: 2")])
    watch.at(START, books([0.07] * 9))
    assert len(watch.told) == 9
    watch.at(START + MINUTE, books([0.01] * 9 + [0.07] * 10, 1))
    assert [one.alerts for one in watch.told[9:]] == [1] * 9 + [10]
    assert len(watch.told[-1].body["named"]) == 2


def test_thousands_are_told_in_parts_each_of_a_size_that_a_receiver_takes() -> None:
    watch = Watch([rule(OVER)])
    watch.at(START, books([0.07] * 2_300))
    assert [one.alerts for one in watch.told] == [1_000, 1_000, 300]
    assert [one.body["part"] for one in watch.told] == [1, 2, 3]
    assert "(part 2 of 3)" in watch.told[1].text
    assert len({one.notice_id for one in watch.told}) == 3
    assert len({one.key for one in watch.told}) == 1
    assert len(set(told_of(watch.told))) == 2_300


def test_the_same_evaluation_gives_the_same_message() -> None:
    first, again = Watch([rule(OVER)]), Watch([rule(OVER)])
    for watch in (first, again):
        watch.at(START, books([0.07 + k / 1_000 for k in range(50)]))
    assert [notice_data(one) for one in first.told] == [notice_data(one) for one in again.told]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.01, 0.045, 0.06, 0.2, None]), min_size=8, max_size=8), min_size=2, max_size=12),
       st.sampled_from(["rule", "none", "portfolio"]), st.integers(2, 5))  # fmt: skip
def test_grouped_or_not_each_alert_is_told_of_the_same_things_in_the_same_order(
    story: list[list[float | None]], by: str, least: int
) -> None:
    """The judge is the same story told one by one."""
    alone = Watch([rule(OVER, extra="group_by: none\nstale: 2m")])
    together = Watch([rule(OVER, extra=f"group_by: {by}\ngroup_from: {least}\nstale: 2m")])
    seen: list[Figure] = []
    for minute, values in enumerate(story):
        seen += books(values, minute)
        for watch in (alone, together):
            watch.at(START + minute * MINUTE, seen)
    assert by_alert(alone.told) == by_alert(together.told)
    assert together.standing == alone.standing


def by_alert(notices: Sequence[Notice]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in notices:
        for key in one.keys or (one.key,):
            found.setdefault(key, []).append(one.told.value)
    return found
