"""An alert from pending to resolved, by hand."""

from __future__ import annotations

import pytest
from made_watch import MINUTE, P1, START, Watch, figure, minutes, rule

from portopt.domain.watch import AlertState, Figure, labels
from portopt.monitoring.evaluate import Reach, evaluate, reaches

BAND = "book_drift > limit(book_drift)"


def states(watch: Watch, values: list[float | None], **options: object) -> str:
    """A letter a minute: . quiet, p pending, F firing, ? unknown, r resolved in this minute."""
    figures, said = minutes(values), ""
    letters = {AlertState.PENDING: "p", AlertState.FIRING: "F", AlertState.UNKNOWN: "?", AlertState.RESOLVED: "r"}
    for minute in range(len(values)):
        found = watch.at(START + minute * MINUTE, figures[: minute + 1], **options)
        ended = [alert for alert in found.alerts if alert.state is AlertState.RESOLVED and alert.fired_at is not None]
        standing = watch.standing.alerts
        said += "r" if ended else letters[standing[0].state] if standing else "."
    return said


@pytest.mark.parametrize(
    ("extra", "clears", "values", "expected"),
    [
        ("", "", [0.04, 0.06, 0.06, 0.04, 0.04], ".FFr."),
        ("for: 2m", "", [0.06, 0.06, 0.06, 0.04], "ppFr"),
        ("for: 2m", "", [0.06, 0.06, 0.04, 0.06, 0.06, 0.06], "pp.ppF"),
        ("keep_firing_for: 2m", "", [0.06, 0.04, 0.04, 0.04, 0.04], "FFFr."),
        ("keep_firing_for: 2m", "", [0.06, 0.04, 0.06, 0.04, 0.04, 0.04], "FFFFFr"),
        ("", "book_drift < 0.6 * limit(book_drift)", [0.04, 0.06, 0.04, 0.03, 0.02, 0.04], ".FFFr."),
        ("keep_firing_for: 2m", "book_drift < 0.6 * limit(book_drift)", [0.06, 0.02, 0.04, 0.02, 0.02, 0.02], "FFFFFr"),
        (
            "for: 1m\nkeep_firing_for: 1m",
            "book_drift < 0.6 * limit(book_drift)",
            [0.06, 0.06, 0.02, 0.02, 0.06, 0.06],
            "pFFrpF",
        ),
    ],
)
def test_an_alert_waits_is_kept_and_clears_as_its_rule_says(
    extra: str, clears: str, values: list[float], expected: str
) -> None:
    assert states(Watch([rule(BAND, clears=clears, extra=extra)]), list(values)) == expected


def test_what_is_pending_ends_untold_when_its_figures_stop() -> None:
    watch = Watch([rule(BAND, extra="for: 10m\nstale: 2m")])
    assert states(watch, [0.06, 0.06, None, None, None]) == "ppp.."
    assert watch.told == []


def test_an_alert_says_since_when_how_bad_and_against_what() -> None:
    watch = Watch([rule(BAND, extra="for: 1m")])
    watch.through(minutes([0.06, 0.09, 0.07]), 2)
    (alert,) = watch.standing.alerts
    assert (alert.since, alert.fired_at) == (START, START + MINUTE)
    assert (alert.value, alert.limit, alert.worst) == (0.07, 0.05, 0.09)
    assert alert.summary == "it is 7.00 % of 5.00 %"
    assert alert.figures == {"book_drift": 0.07}
    assert alert.seen_at == START + 2 * MINUTE
    assert alert.of == labels(portfolio="P1")


def test_downwards_the_worst_is_the_smallest() -> None:
    watch = Watch([rule("book_cash < 0", figure="book_cash")])
    watch.through(minutes([-0.01, -0.03, -0.02], name="book_cash"), 2)
    assert watch.standing.alerts[0].worst == -0.03


def test_labels_of_a_rule_are_part_of_who_its_alerts_are_about() -> None:
    watch = Watch([rule(BAND, extra="labels: {team: risk}")])
    watch.through(minutes([0.06, 0.06, 0.01]), 2)
    assert watch.words == ["firing", "resolved"]
    assert watch.told[0].alert is not None
    assert watch.told[0].alert.of == (("portfolio", "P1"), ("team", "risk"))


def test_every_book_has_its_own_alert_in_the_order_of_names() -> None:
    figures = [figure(0.06 if k % 2 else 0.01, START, of=labels(portfolio=f"P{k}")) for k in (5, 3, 1, 2, 4)]
    found = evaluate([rule(BAND)], Watch([]).standing, figures, START)
    assert [alert.portfolio_id for alert in found.alerts] == ["P1", "P3", "P5"]


def test_what_is_measured_later_is_not_looked_at() -> None:
    found = evaluate([rule(BAND)], Watch([]).standing, [figure(0.01, START), figure(0.06, START + MINUTE)], START)
    assert found.alerts == ()


def test_of_two_figures_of_one_instant_the_later_one_counts() -> None:
    for values, fires in (((0.01, 0.06), True), ((0.06, 0.01), False)):
        found = evaluate([rule(BAND)], Watch([]).standing, [figure(v, START) for v in values], START)
        assert bool(found.alerts) is fires


def test_a_book_without_a_limit_is_not_held_against_one() -> None:
    found = evaluate([rule(BAND)], Watch([]).standing, [figure(9.0, START, limit=None)], START)
    assert found.alerts == ()


def test_what_an_evaluation_has_to_be_given_covers_windows_ages_and_staleness() -> None:
    rules = [
        rule("avg_over_time(book_drift[1d]) > 0.1", extra="stale: 10m"),
        rule("book_drift > 0.2", name="other", extra="stale: 1h"),
        rule("age(book_value) > 60", name="third", figure="book_value"),
    ]
    minute, hour, day = MINUTE, 60 * MINUTE, 1440 * MINUTE
    assert reaches(rules) == {"book_drift": Reach(hour, day), "book_value": Reach(day)}
    assert minute < hour


def test_an_alert_has_every_figure_of_its_expression_and_what_was_said_with_them() -> None:
    seen = [
        Figure("book_unfilled", P1, START, 0.4, detail={"trades": ["XOM"], "by": "unfilled"}),
        Figure("book_proposal_age", P1, START, 5.0, detail={"run": "reb-1", "by": "age"}),
    ]
    asked = rule("book_proposal_age > 3 and book_unfilled > 0.1", figure="book_unfilled")
    (alert,) = evaluate([asked], Watch([]).standing, seen, START).alerts
    assert alert.figures == {"book_proposal_age": 5.0, "book_unfilled": 0.4}
    assert alert.detail == {"run": "reb-1", "trades": ["XOM"], "by": "age"}


def test_of_an_or_the_side_that_holds_is_told() -> None:
    asked = rule("book_unfilled > 0.9 or book_cost_ratio > 2", figure="book_unfilled")
    seen = [Figure("book_unfilled", P1, START, 0.4), Figure("book_cost_ratio", P1, START, 3.0)]
    (alert,) = evaluate([asked], Watch([]).standing, seen, START).alerts
    assert (alert.value, alert.limit) == (3.0, 2.0)


def test_it_is_as_old_as_the_oldest_figure_that_it_was_judged_by() -> None:
    asked = rule("book_unfilled > 0.1 and book_proposal_age > 3", figure="book_unfilled")
    later = START + 3 * MINUTE
    seen = [Figure("book_unfilled", P1, START, 0.4), Figure("book_proposal_age", P1, later, 5.0)]
    (alert,) = evaluate([asked], Watch([]).standing, seen, later).alerts
    assert alert.seen_at == START


def test_what_is_no_number_or_is_of_nobody_is_no_figure() -> None:
    seen = [
        figure(float("nan"), START),
        Figure("book_drift", (), START, 0.9, 0.05),
        Figure("book_drift", labels(portfolio="P2", asset="XOM"), START, 0.9, 0.05),
        Figure("nobody_knows_it", P1, START, 0.9, 0.05),
    ]
    assert evaluate([rule(BAND)], Watch([]).standing, seen, START).alerts == ()


def test_a_number_without_end_fires_and_is_told_as_not_known() -> None:
    (alert,) = evaluate([rule(BAND)], Watch([]).standing, [figure(float("inf"), START)], START).alerts
    assert (alert.state, alert.value) == (AlertState.FIRING, None)
    assert alert.summary == "it is not known of 5.00 %"


@pytest.mark.parametrize("over", ["max", "min", "avg"])
def test_one_value_is_a_window_s_largest_smallest_and_mean(over: str) -> None:
    asked = rule(f"{over}_over_time(book_drift[5m]) > 0.05")
    (alert,) = evaluate([asked], Watch([]).standing, [figure(0.06, START)], START).alerts
    assert alert.value == 0.06


def test_a_number_without_end_does_not_hide_the_worst_that_was_measured() -> None:
    watch = Watch([rule(BAND)])
    watch.through(minutes([0.06, 0.09, float("inf"), 0.07]), 3)
    assert watch.standing.alerts[0].worst == 0.09
