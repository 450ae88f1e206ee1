"""What went wrong with alerts elsewhere, each a test here. The numbers are of the trackers of those projects."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from made_watch import MINUTE, START, Watch, figure, minutes, rule

from portopt.domain.watch import AlertState, Severity, Told, labels

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
BAND = "book_drift > limit(book_drift)"
NARROWER = "book_drift < 0.8 * limit(book_drift)"


def test_missing_data_does_not_resolve_an_alert_it_says_since_when_it_is_blind() -> None:
    """prometheus #14085."""
    watch = Watch([rule(BAND, extra="stale: 5m")])
    watch.through(minutes([0.06] * 10), 600)
    (alert,) = watch.standing.alerts
    assert (alert.state, alert.blind_since, alert.value) == (AlertState.UNKNOWN, START + 9 * MINUTE, 0.06)
    assert watch.words == ["firing", "blind"]
    assert "No figures since 2024-05-06 09:09 UTC" in watch.told[-1].text
    watch.at(START + 601 * MINUTE, [figure(0.07, START + 601 * MINUTE)])
    watch.at(START + 602 * MINUTE, [figure(0.01, START + 602 * MINUTE)])
    assert watch.words == ["firing", "blind", "seeing", "resolved"]


def test_a_figure_that_could_not_be_measured_is_missing_and_its_reason_is_told() -> None:
    watch = Watch([rule(BAND, extra="stale: 2m")])
    watch.at(START, [figure(0.06, START)])
    late = START + 5 * MINUTE
    watch.at(late, [figure(0.06, START), figure(None, late, why="XOM has no price")])
    (alert,) = watch.standing.alerts
    assert alert.state is AlertState.UNKNOWN
    assert alert.detail["missing"] == {"book_drift": "XOM has no price"}


@pytest.mark.parametrize("seed", range(20 if FULL else 2))
def test_a_signal_at_its_threshold_for_a_day_gives_at_most_two_messages(seed: int) -> None:
    """alertmanager #3048."""
    drawn = np.random.default_rng(seed)
    noise = (0.05 + 0.004 * drawn.standard_normal(24 * 60)).tolist()
    figures = minutes(noise)
    watch = Watch([rule(BAND, clears=NARROWER, extra="for: 5m\nkeep_firing_for: 30m")])
    for minute in range(24 * 60):
        watch.at(START + minute * MINUTE, figures[minute : minute + 1])
    assert len(watch.told) <= 2


def test_the_same_signal_without_the_two_thresholds_would_have_told_hundreds() -> None:
    drawn = np.random.default_rng(1)
    figures = minutes((0.05 + 0.004 * drawn.standard_normal(24 * 60)).tolist())
    watch = Watch([rule(BAND)])
    for minute in range(24 * 60):
        watch.at(START + minute * MINUTE, figures[minute : minute + 1])
    assert len(watch.told) > 500


def test_an_evaluator_that_was_down_for_ten_minutes_keeps_the_state_and_is_told_of_once() -> None:
    """grafana #38419."""
    watch = Watch([rule(BAND)])
    watch.through(minutes([0.06] * 6), 5)
    back = START + 15 * MINUTE
    watch.at(back, [figure(0.06, back)])
    watch.at(back + MINUTE, [figure(0.06, back + MINUTE)])
    assert watch.words == ["firing", "late"]
    assert watch.state == "firing"
    assert watch.told[-1].body["alerts"] == 1
    assert "from 2024-05-06 09:05 UTC to 2024-05-06 09:15 UTC (10 min)" in watch.told[-1].text


def test_an_evaluator_in_time_is_not_late_and_neither_is_the_first() -> None:
    watch = Watch([rule(BAND)])
    watch.at(START, [])
    watch.at(START + timedelta(minutes=5), [])
    assert watch.told == []


def test_what_was_silenced_and_resolved_unseen_is_told_by_one_summary() -> None:
    """alertmanager #226."""
    watch = Watch([rule(BAND)])
    watch.silence(0, 30, portfolio="P1")
    watch.through(minutes([0.06] * 10 + [0.01] * 50), 59)
    assert watch.words == ["summary"]
    (summary,) = watch.told
    assert summary.at == START + 30 * MINUTE
    assert (summary.body["ended"], summary.body["firing"]) == (1, 0)
    assert summary.body["alerts"][0]["state"] == "resolved"
    assert watch.standing.silences == ()
    assert watch.standing.alerts == ()


def test_what_still_fires_when_its_silence_ends_is_told_then() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 30, rule="drift")
    watch.through(minutes([0.06] * 60), 59)
    assert watch.words == ["summary", "firing"]
    assert watch.told[0].body["firing"] == 1


def test_what_was_told_before_its_silence_is_not_told_again_after_it() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(10, 30, rule="drift")
    watch.through(minutes([0.06] * 60), 59)
    assert watch.words == ["firing", "summary"]
    watch.at(START + 60 * MINUTE, [figure(0.0, START + 60 * MINUTE)])
    assert watch.words == ["firing", "summary", "resolved"]


def test_a_silence_in_which_nothing_happened_says_that() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 5, rule="drift")
    watch.through(minutes([0.01] * 10), 9)
    assert watch.words == ["summary"]
    assert "Nothing happened under it" in watch.told[0].text


def test_a_silence_about_another_book_silences_nothing() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 30, portfolio="P2")
    watch.through(minutes([0.06] * 10), 9)
    assert watch.words == ["firing"]


def test_two_silences_hold_until_the_later_ends_and_each_has_its_summary() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 10, "silence-1", rule="drift")
    watch.silence(5, 20, "silence-2", portfolio="P1")
    watch.through(minutes([0.06] * 30), 29)
    assert watch.words == ["summary", "summary", "firing"]
    assert [notice.at for notice in watch.told] == [START + k * MINUTE for k in (10, 20, 20)]


def test_three_episodes_are_three_alerts_with_three_ids() -> None:
    """prometheus #1372."""
    watch = Watch([rule(BAND)])
    watch.through(minutes(([0.06] * 3 + [0.01] * 3) * 3), 17)
    assert watch.words == ["firing", "resolved"] * 3
    fired = [notice.alert.alert_id for notice in watch.told if notice.told is Told.FIRING and notice.alert]
    ended = [notice.alert.alert_id for notice in watch.told if notice.told is Told.RESOLVED and notice.alert]
    assert fired == ended
    assert len(set(fired)) == 3
    assert len({notice.notice_id for notice in watch.told}) == 6
    assert len({notice.key for notice in watch.told}) == 1  # one after the other for whoever listens


def test_nothing_is_repeated_while_an_alert_fires_acknowledged_or_not() -> None:
    watch = Watch([rule(BAND)])
    watch.through(minutes([0.06] * 5), 4)
    watch.standing = type(watch.standing)(
        9, watch.standing.evaluated_at, tuple(a.changed(acknowledged_by="ann", note="mine") for a in watch.standing.alerts)
    )
    watch.through(minutes([0.06 + 0.001 * k for k in range(500)]), 499, first=5)
    assert watch.words == ["firing"]
    (alert,) = watch.standing.alerts
    assert (alert.acknowledged_by, alert.note) == ("ann", "mine")
    assert alert.worst == pytest.approx(0.06 + 0.499)


def test_an_alert_of_a_rule_that_was_taken_away_ends_and_says_why() -> None:
    watch = Watch([rule(BAND)])
    watch.through(minutes([0.06] * 3), 2)
    watch.rules = []
    watch.at(START + 3 * MINUTE, [])
    assert watch.words == ["firing", "resolved"]
    assert "its rule is no longer in force" in watch.told[-1].text


def test_an_alert_of_a_rule_that_cannot_be_read_now_stays_as_it_is() -> None:
    watch = Watch([rule(BAND)])
    watch.through(minutes([0.06] * 3), 2)
    watch.rules = []
    watch.at(START + 3 * MINUTE, [], whole=False)
    assert watch.words == ["firing"]
    assert watch.state == "firing"


def test_the_reason_is_told_where_nothing_but_the_failed_measurement_is_left() -> None:
    watch = Watch([rule(BAND, extra="stale: 2m")])
    watch.at(START, [figure(0.06, START)])
    late = START + 5 * MINUTE
    watch.at(late, [figure(None, late, why="XOM has no price")])
    assert watch.standing.alerts[0].detail["missing"] == {"book_drift": "XOM has no price"}


def test_what_is_gone_for_good_stays_unknown_until_somebody_knows_of_it_and_a_week_has_passed() -> None:
    watch = Watch([rule(BAND)])
    watch.at(START, [figure(0.06, START)])
    for day in (1, 8, 30):
        watch.at(START + timedelta(days=day), [], late_after=timedelta(days=99))
        assert watch.state == "unknown"
    standing = watch.standing
    watch.standing = replace(standing, alerts=tuple(a.changed(acknowledged_by="ann") for a in standing.alerts))
    watch.at(START + timedelta(days=31), [], late_after=timedelta(days=99))
    assert watch.words == ["firing", "blind", "resolved"]
    assert "no figures for 7 d, and ann knows of it" in watch.told[-1].text


def test_what_somebody_knows_of_is_not_over_before_a_week_has_passed() -> None:
    watch = Watch([rule(BAND)])
    watch.at(START, [figure(0.06, START)])
    watch.standing = replace(watch.standing, alerts=tuple(a.changed(acknowledged_by="ann") for a in watch.standing.alerts))
    for hours in (1, 167):
        watch.at(START + timedelta(hours=hours), [], late_after=timedelta(days=99))
        assert watch.state == "unknown"


@pytest.mark.parametrize(("books", "listed"), [(200, 200), (250, 200)])
def test_a_summary_lists_so_many_and_counts_the_others(books: int, listed: int) -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 5, rule="drift")
    figures = [figure(0.06, START, of=labels(portfolio=f"P{k:03d}")) for k in range(books)]
    watch.at(START, figures)
    watch.at(START + 5 * MINUTE, figures)
    (summary,) = [one for one in watch.told if one.told is Told.SUMMARY]
    assert (len(summary.body["alerts"]), summary.body["not_listed"]) == (listed, books - listed)
    assert summary.body["firing"] == books
    assert summary.severity is Severity.WARN
    assert f"{books} alerts under it: 0 ended, {books} still firing, 0 blind" in summary.text


def test_a_summary_tells_of_what_was_under_the_silence_and_of_nothing_else() -> None:
    watch = Watch([rule(BAND)])
    watch.silence(0, 5, portfolio="P1")
    figures = [figure(0.06, START, of=labels(portfolio=book)) for book in ("P1", "P2")]
    watch.at(START, figures)
    watch.at(START + 5 * MINUTE, figures)
    assert watch.words == ["firing", "summary", "firing"]
    assert [row["of"] for row in watch.told[1].body["alerts"]] == [{"portfolio": "P1"}]
