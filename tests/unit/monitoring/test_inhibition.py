"""Where nothing can be measured one alert says so, and not every book beside it; what is still so afterwards is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from made_watch import MINUTE, START, Watch, figure, rule, rule_text

from portopt.domain.watch import AlertState, Figure, Told, labels
from portopt.monitoring.evaluate import reaches
from portopt.monitoring.rules.lines import RulesRefused
from portopt.monitoring.rules.reading import read_rules
from portopt.monitoring.rules.standard import rules_of, shipped_rules

BOOKS = [f"P{k:03}" for k in range(100)]
DRIFTED = frozenset(BOOKS[:40])
OF_BOOKS = {rule.name for rule in shipped_rules() if rule.group == "books"}


@dataclass
class Desk:
    """A hundred books under the shipped rules, looked at every minute. Figures that no look may read are dropped."""

    watch: Watch = field(default_factory=lambda: Watch(shipped_rules()))
    figures: list[Figure] = field(default_factory=list)
    measured_at: datetime | None = None

    def measure(self, now: datetime, books: Iterable[str], *, store: bool = True) -> None:
        gap = 60.0 if self.measured_at is None else (now - self.measured_at) / timedelta(seconds=1)
        self.figures.append(Figure("store_up", (), now, 1.0 if store else 0.0))
        self.figures.append(Figure("measured_gap", (), now, gap, 420.0))
        for book in books:
            of = labels(portfolio=book)
            drift = 0.09 if book in DRIFTED else 0.01
            self.figures += [Figure("book_value", of, now, 1e6), Figure("book_drift", of, now, drift, 0.05)]
        self.measured_at = now

    def look(self, now: datetime) -> list[tuple[str, str, int]]:
        """What is told: (what, of which rule, of how many alerts)."""
        newest = now - max(reach.newest for reach in reaches(shipped_rules()).values())
        self.figures = [one for one in self.figures if one.at > newest]
        told = self.watch.at(now, self.figures, late_after=timedelta(days=1)).notices
        return [(n.told.value, n.alert.rule if n.alert else n.body["group"]["rule"], n.alerts) for n in told]


def through(desk: Desk, first: int, last: int, *, measured: bool) -> list[tuple[int, tuple[str, str, int]]]:
    """Every minute from the first to the last; a measuring desk values each book every ten minutes."""
    told = []
    for minute in range(first, last + 1):
        now = START + minute * MINUTE
        if measured:
            desk.measure(now, BOOKS if minute % 10 == 0 else ())
        told += [(minute, one) for one in desk.look(now)]
    return told


@pytest.fixture(scope="module")
def outage() -> tuple[Desk, list[tuple[int, tuple[str, str, int]]], list[tuple[int, tuple[str, str, int]]]]:
    """An hour of everything, two hours of nothing: a hundred books unpriced, forty drifts that are unknown."""
    desk = Desk()
    before = through(desk, 0, 60, measured=True)
    return desk, before, through(desk, 61, 180, measured=False)


def test_two_hours_without_figures_are_one_message_and_not_one_a_book(outage) -> None:  # type: ignore[no-untyped-def]
    _, before, during = outage
    assert before == [(30, ("firing", "drift_over_band", 40))]
    assert during == [(76, ("firing", "figures_stopped", 1))]


def test_what_is_not_told_is_shown_with_the_rule_that_explains_it(outage) -> None:  # type: ignore[no-untyped-def]
    desk, *_ = outage
    unpriced = [one for one in desk.watch.standing.alerts if one.rule == "book_unpriced"]
    blind = [one for one in desk.watch.standing.alerts if one.rule == "drift_over_band"]
    assert [len(unpriced), len(blind)] == [100, 40]
    assert {(one.state, one.told, one.inhibited_by) for one in unpriced} == {(AlertState.FIRING, None, "figures_stopped")}
    assert {(one.state, one.told, one.inhibited_by) for one in blind} == {(AlertState.UNKNOWN, Told.FIRING, "figures_stopped")}


def test_when_it_is_measured_again_only_what_is_still_so_is_told(outage) -> None:  # type: ignore[no-untyped-def]
    """Seven books stay without prices; the others come back twenty a minute."""
    desk, *_ = outage
    gone, told = set(BOOKS[:7]), []
    for minute in range(181, 240):
        now = START + minute * MINUTE
        batch = BOOKS[(minute - 181) % 5 * 20 :][:20]
        desk.measure(now, [book for book in batch if book not in gone])
        told += [(minute, one) for one in desk.look(now)]
    # The first look comes after two hours; for half an hour that explains what is not measured yet.
    assert sorted(told) == [
        (181, ("firing", "measuring_interrupted", 1)),
        (181, ("resolved", "figures_stopped", 1)),
        (211, ("blind", "drift_over_band", 7)),
        (211, ("firing", "book_unpriced", 7)),
        (211, ("resolved", "measuring_interrupted", 1)),
    ]


def test_an_outage_without_end_is_told_for_the_books_after_six_hours() -> None:
    desk = Desk()
    through(desk, 0, 20, measured=True)
    told = [one for minute in range(30, 600, 10) for one in desk.look(START + minute * MINUTE)]
    assert [one for one in told if one[1] == "book_unpriced"] == [("firing", "book_unpriced", 100)]
    assert ("firing", "figures_stopped", 1) in told


def test_the_database_that_does_not_answer_explains_them_too() -> None:
    desk = Desk()
    through(desk, 0, 40, measured=True)
    told = []
    for minute in range(41, 150):
        desk.measure(START + minute * MINUTE, (), store=False)
        told += desk.look(START + minute * MINUTE)
    assert [one for one in told if one[1] in OF_BOOKS] == []
    assert ("firing", "store_down", 1) in told
    assert {one.inhibited_by for one in desk.watch.standing.alerts if one.rule == "book_unpriced"} == {"store_down"}


UNDER = "inhibited_by: stopped\ninhibited_for: 10m"
OVER = "book_drift > limit(book_drift)"


def small(*, extra: str = UNDER) -> Watch:
    return Watch([rule(OVER, extra=extra), rule("book_cash < 0", name="stopped", figure="book_cash")])


def cash(value: float, minute: int) -> Figure:
    return figure(value, START + minute * MINUTE, name="book_cash", of=labels(portfolio="P2"))


def test_what_began_before_its_cause_was_told_and_its_end_is_told_under_it() -> None:
    watch = small()
    watch.at(START, [figure(0.06, START)])
    watch.at(START + MINUTE, [figure(0.06, START + MINUTE), cash(-1.0, 1)])
    watch.at(START + 2 * MINUTE, [figure(0.01, START + 2 * MINUTE), cash(-1.0, 2)])
    assert watch.words == ["firing", "firing", "resolved"]


def test_what_ended_before_anybody_was_told_is_never_told() -> None:
    watch = small()
    watch.at(START, [cash(-1.0, 0)])
    watch.at(START + MINUTE, [figure(0.06, START + MINUTE), cash(-1.0, 1)])
    watch.at(START + 2 * MINUTE, [figure(0.01, START + 2 * MINUTE), cash(1.0, 2)])
    assert [(one.told.value, one.alert.rule) for one in watch.told if one.alert] == [
        ("firing", "stopped"),
        ("resolved", "stopped"),
    ]
    (ended,) = [one for one in watch.history.values() if one.rule == "drift"]
    assert (ended.state, ended.told, ended.inhibited_by) == (AlertState.RESOLVED, None, "stopped")


def test_what_persists_is_told_as_soon_as_its_cause_is_over_and_at_the_latest_after_its_time() -> None:
    for ends, told_at in ((4, 4), (60, 11)):
        watch = small()
        for minute in range(20):
            at = START + minute * MINUTE
            watch.at(at, [figure(0.06 if minute else 0.01, at), cash(-1.0 if minute < ends else 1.0, minute)])
        (drift,) = [one for one in watch.told if one.alert and one.alert.rule == "drift"]
        assert drift.at == START + told_at * MINUTE
        assert drift.alert is not None
        assert drift.alert.inhibited_by is None


@pytest.mark.parametrize(("extra", "said"), [
    ("inhibited_by: drift", "drift cannot explain itself"),
    ("inhibited_for: soon", "'soon' is no length of time"),
    ("group_by: colour", "'colour' is nothing that alerts of this rule agree on: rule, portfolio, or none alone"),
    ("group_by: []", "say by what alerts are told of together"),
    ("group_from: 1", "'1' is no whole number from 2 to 100"),
    ("group_names: many", "'many' is no whole number from 1 to 50"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_line(extra: str, said: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        rule(OVER, extra=extra)
    (fault,) = refused.value.faults
    assert said in fault.words()
    assert fault.line > 0


@pytest.mark.parametrize(("name", "said"), [
    ("figures_stoped", "there is no rule 'figures_stoped'; did you mean 'figures_stopped'?"),
    ("book_unpriced", "'book_unpriced' is itself inhibited: of a chain nobody might be told"),
])  # fmt: skip
def test_a_rule_of_ones_own_names_a_rule_that_there_is_and_that_is_told(tmp_path, name: str, said: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "page.md").write_text("# page\n")
    (tmp_path / "own.yaml").write_text(rule_text(OVER, extra=f"inhibited_by: [{name}]"))
    with pytest.raises(RulesRefused) as refused:
        rules_of(tmp_path)
    assert said in refused.value.faults[0].words()


def test_a_group_of_rules_says_it_for_all_of_them_and_a_rule_for_itself() -> None:
    text = """
groups:
  - name: ours
    group_by: [rule, portfolio]
    group_from: 4
    blind_inhibited_by: [store_down]
    inhibited_for: 2h
    rules:
      - {alert: a, expr: book_drift > 1, severity: warn, annotations: {summary: x, runbook: page}, cases: [
          {name: f, series: {book_drift: 2x1}, expect: {0m: firing}},
          {name: q, series: {book_drift: 0x1}, expect: {0m: quiet}}]}
      - {alert: b, expr: book_drift > 1, severity: warn, annotations: {summary: x, runbook: page}, group_by: none,
         inhibited_by: a, inhibited_for: 30m, cases: [
          {name: f, series: {book_drift: 2x1}, expect: {0m: firing}},
          {name: q, series: {book_drift: 0x1}, expect: {0m: quiet}}]}
"""
    a, b = read_rules(text, "ours.yaml", ["page"])
    assert (a.grouping.by, a.grouping.least, a.grouping.names) == (("portfolio", "rule"), 4, 5)
    assert (a.inhibition.by, a.inhibition.blind_by, a.inhibition.longest) == ((), ("store_down",), timedelta(hours=2))
    assert (b.grouping.by, b.inhibition.by, b.inhibition.longest) == ((), ("a",), timedelta(minutes=30))
