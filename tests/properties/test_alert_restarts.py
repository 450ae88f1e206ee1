"""No alert is lost and none is told twice, whenever the evaluator dies and whatever its figures do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from made_watch import MINUTE, START, Watch, rule

from portopt.domain.watch import Alert, AlertState, Figure, Notice, Told, labels
from portopt.monitoring.evaluate import evaluate, stood_after

RULES = [
    rule("book_drift > limit(book_drift)", name="band", clears="book_drift < 0.8 * limit(book_drift)",
         extra="for: 1m\nkeep_firing_for: 2m\nstale: 2m"),
    rule("book_drift > 0.08", name="far", extra="stale: 2m"),
]  # fmt: skip
BOOKS = ("A", "B")
TOLD = {Told.FIRING: "f", Told.BLIND: "b", Told.SEEING: "s", Told.RESOLVED: "r"}
# What may be said of one alert, in order: it fires; it is blind, and perhaps seen again, as often as that happens; it is over.
EPISODE = re.compile(r"(f|b)((?<=b)s|(?<!b)b)*r?")

moments = st.lists(
    st.tuples(
        st.sampled_from([0.01, 0.045, 0.06, 0.1, None]),
        st.sampled_from([0.01, 0.045, 0.06, 0.1, None]),
        st.sampled_from(["saved", "saved", "saved", "dies before", "dies after", "away"]),
    ),
    min_size=3,
    max_size=30,
)
silences = st.lists(
    st.tuples(st.integers(0, 25), st.integers(1, 15), st.sampled_from([{"rule": "band"}, {"portfolio": "A"}, {}])), max_size=2
)


def lived(watch: Watch, story: list[tuple[float | None, float | None, str]]) -> None:
    """A minute a moment. What dies before it is saved did nothing; what dies after it does not know, and tries again."""
    figures: list[Figure] = []
    for minute, (*drifts, fate) in enumerate(story):
        now = START + minute * MINUTE
        figures += [
            Figure("book_drift", labels(portfolio=book), now, drift, 0.05)
            for book, drift in zip(BOOKS, drifts, strict=True)
            if drift is not None
        ]
        if fate == "dies before":
            evaluate(watch.rules, watch.standing, figures, now)
        elif fate != "away":
            watch.at(now, figures)
        if fate == "dies after":
            watch.at(now, figures)


def fired(watch: Watch) -> dict[str, Alert]:
    return {key: alert for key, alert in watch.history.items() if alert.fired_at is not None}


def of_one(told: list[Notice], alert_id: str) -> str:
    return "".join(TOLD[one.told] for one in told if one.alert is not None and one.alert.alert_id == alert_id)


@given(moments)
@settings(max_examples=80, deadline=None)
def test_every_alert_that_fires_is_told_once_and_so_is_its_end(story: list[tuple[float | None, float | None, str]]) -> None:
    watch = Watch(RULES)
    lived(watch, story)
    assert len({one.notice_id for one in watch.told}) == len(watch.told)
    for alert_id, alert in fired(watch).items():
        said = of_one(watch.told, alert_id)
        assert EPISODE.fullmatch(said), said
        last = {AlertState.FIRING: "fs", AlertState.UNKNOWN: "b", AlertState.RESOLVED: "r"}[alert.state]
        assert said[-1] in last
    heard = {one.alert.alert_id for one in watch.told if one.alert is not None}
    assert heard == set(fired(watch))


@given(moments, silences)
@settings(max_examples=80, deadline=None)
def test_under_silences_nothing_is_told_and_each_ends_with_one_summary(
    story: list[tuple[float | None, float | None, str]], silent: list[tuple[int, int, dict[str, str]]]
) -> None:
    watch = Watch(RULES)
    for place, (first, length, matches) in enumerate(silent):
        watch.silence(first, first + length, f"silence-{place}", **matches)
    made = watch.standing.silences
    lived(watch, story)
    end = START + 60 * MINUTE  # every silence is over, and the last word is said
    watch.at(end, [Figure("book_drift", labels(portfolio=book), end, 0.1, 0.05) for book in BOOKS])
    assert sorted(one.key for one in watch.told if one.told is Told.SUMMARY) == sorted(one.silence_id for one in made)
    assert len({one.notice_id for one in watch.told}) == len(watch.told)
    for one in watch.told:
        assert one.alert is None or not any(silence.covers(one.alert.rule, one.alert.of, one.at) for silence in made)
    summarized = {row["alert_id"] for one in watch.told if one.told is Told.SUMMARY for row in one.body["alerts"]}
    for alert_id, alert in fired(watch).items():
        said = of_one(watch.told, alert_id)
        assert said or alert_id in summarized
        assert not said or EPISODE.fullmatch(said) or alert_id in summarized
        if alert.is_open:
            assert said


@given(moments)
@settings(max_examples=40, deadline=None)
def test_what_dies_before_it_is_saved_changes_nothing(story: list[tuple[float | None, float | None, str]]) -> None:
    died, away = Watch(RULES), Watch(RULES)
    lived(died, story)
    lived(away, [(a, b, "away" if fate == "dies before" else fate) for a, b, fate in story])
    assert died.told == away.told
    assert died.standing == away.standing


@given(moments)
@settings(max_examples=25, deadline=None)
def test_the_same_figures_in_another_order_give_the_same_words_and_ids(
    story: list[tuple[float | None, float | None, str]],
) -> None:
    watch = Watch(RULES)
    lived(watch, story)
    figures = [
        Figure("book_drift", labels(portfolio=book), START + minute * MINUTE, drift, 0.05)
        for minute, (*drifts, _) in enumerate(story)
        for book, drift in zip(BOOKS, drifts, strict=True)
        if drift is not None
    ]
    now = START + timedelta(minutes=len(story))
    standing = replace(watch.standing, alerts=tuple(reversed(watch.standing.alerts)))
    one = evaluate(RULES, watch.standing, figures, now)
    other = evaluate(RULES, standing, list(reversed(figures)), now)
    assert one == other
    assert stood_after(watch.standing, one, now).version == watch.standing.version + 1
