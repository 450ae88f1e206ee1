"""What several alerts look like in a mailbox, as an event of the workflow server, and as the webhook's JSON."""

from __future__ import annotations

import json

import pytest
from made_watch import START, Watch, figure, rule

from portopt.adapters.jobs.automation import told
from portopt.adapters.notices.mail import message_of
from portopt.dialects.alerts import notice_data
from portopt.domain.canonical import canonical_json
from portopt.domain.run import Event
from portopt.domain.watch import labels


@pytest.fixture
def event() -> Event:
    """Forty books that drift, as the outbox hands them to a channel."""
    watch = Watch([rule("book_drift > limit(book_drift)")])
    watch.at(START, [figure(0.06 + k / 100, START, of=labels(portfolio=f"P{k:02}")) for k in range(40)])
    (notice,) = watch.told
    return Event(f"mail:{notice.notice_id}", "alert_firing", f"mail:{notice.key}", notice_data(notice), notice.at)


def test_a_message_has_how_many_the_worst_first_and_where_to_see_all(event: Event) -> None:
    message = message_of(event, "portopt@desk.example", ["anna@desk.example"])
    lines = message.get_content().splitlines()
    assert message["Subject"].startswith("[warn] [firing] drift: 40 alerts fire")
    assert len(message["Subject"]) <= 200
    assert lines[2] == "alerts: 40"
    assert lines[3] == "- it is 45.00 % of 5.00 % (drift, since 2024-05-06T09:00:00+00:00)"
    assert lines[8:11] == ["- and 35 more", "all of them: portopt alerts list --rule drift", "runbook: page"]
    assert json.loads(lines[-1])["more"]["count"] == 40


def test_an_automation_finds_it_by_its_rule(event: Event) -> None:
    sent = told(event)
    assert sent["event"] == "portopt.alert.firing"
    assert sent["resource"] == {
        "prefect.resource.id": "portopt.alert.drift", "prefect.resource.name": "drift", "portopt.severity": "warn",
    }  # fmt: skip
    assert len(sent["payload"]["more"]["keys"]) == 40


def test_the_webhook_s_body_is_bounded_whatever_the_number_of_books() -> None:
    watch = Watch([rule("book_drift > limit(book_drift)")])
    watch.at(START, [figure(0.07, START, of=labels(portfolio=f"P{k:05}")) for k in range(5_000)])
    sizes = [len(canonical_json(notice_data(one))) for one in watch.told]
    assert len(sizes) == 5
    assert max(sizes) < 100_000
