"""`portopt alerts` and `portopt monitor`, in words and as JSON; what they refuse."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from integration.watch.receiving import SECRET, Receiver
from made_alerts import NOW, alert, notice

from portopt.domain.holdings import Holdings
from portopt.domain.watch import AlertState, Told
from portopt.doors import cli
from portopt.runtime import Runtime, runtime


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """An installation with an alert of P1, one of the service that is over, and one of P2 that nobody sees any more."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    runtime.cache_clear()
    ours = runtime()
    over = alert("", rule="broker_down").changed(state=AlertState.RESOLVED, resolved_at=NOW)
    blind = alert("P2").changed(state=AlertState.UNKNOWN, blind_since=NOW)
    told = [notice(one) for one in (alert("P1"), over, blind)]
    ours.alerts.save([alert("P1"), over, blind], told, [], on=0, at=NOW, channels=["log"])
    return ours


def portopt(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert cli.run(list(words)) == code
    return capfd.readouterr().out


def document(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0):
    return json.loads(portopt(capfd, *words, "--json", code=code))


def test_the_list_has_what_is_open_and_says_since_when_and_what_to_read(home: Runtime, capfd) -> None:
    said = portopt(capfd, "alerts", "list")
    assert "page firing  drift (portfolio P1)" in said
    assert "page unknown  drift (portfolio P2)" in said
    assert "blind since 2026-11-20 12:00" in said
    assert "runbook book-drift" in said
    assert "broker_down" not in said
    found = document(capfd, "alerts", "list", "--state", "resolved")
    assert [one["rule"] for one in found] == ["broker_down"]
    assert [one["of"] for one in document(capfd, "alerts", "list", "--portfolio", "P2")] == [{"portfolio": "P2"}]
    assert "Nothing of that kind." in portopt(capfd, "alerts", "list", "--rule", "none")


def test_one_is_shown_and_looked_after(home: Runtime, capfd) -> None:
    mine = alert("P1").alert_id
    assert "book_drift = 0.07" in portopt(capfd, "alerts", "show", mine)
    said = portopt(capfd, "alerts", "ack", mine, "--note", "selling tomorrow", "--by", "anna")
    assert f"{mine} is looked after by anna" in said
    assert "anna looks after it" in portopt(capfd, "alerts", "list")
    assert document(capfd, "alerts", "show", mine)["note"] == "selling tomorrow"


def test_a_silence_is_made_shown_and_ended(home: Runtime, capfd) -> None:
    made = document(capfd, "alerts", "silence", "--portfolio", "P1", "--hours", "4", "--reason", "moving", "--by", "anna")
    assert made["matches"] == {"portfolio": "P1"}
    said = portopt(capfd, "alerts", "silences")
    assert made["silence_id"] in said
    assert "anna: moving" in said
    portopt(capfd, "alerts", "end-silence", made["silence_id"])
    assert "Nothing is silent." in portopt(capfd, "alerts", "silences")
    assert [one["silence_id"] for one in document(capfd, "alerts", "silences", "--all")] == [made["silence_id"]]


def test_the_channels_say_what_waits_and_deliver_it(
    home: Runtime, capfd, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    assert [(one["channel"], one["waiting"]) for one in document(capfd, "alerts", "channels")] == [("log", 3)]
    assert "log         0 wait" in portopt(capfd, "alerts", "channels", "--deliver")
    monkeypatch.setenv("PORTOPT_ALERT_WEBHOOK_URL", receiver.start())
    monkeypatch.setenv("PORTOPT_ALERT_WEBHOOK_SECRET", SECRET)
    runtime.cache_clear()
    assert "webhook took it" in portopt(capfd, "alerts", "test", "webhook")
    assert [one["told"] for one in receiver.taken()] == ["test"]


def test_a_look_says_what_it_measured_and_what_it_told(home: Runtime, capfd) -> None:
    found = document(capfd, "monitor")
    assert found["evaluated"] is True
    assert found["figures"] > 0
    assert {one["channel"] for one in found["delivered"]} == {"log"}
    assert "figures" in portopt(capfd, "monitor")


@pytest.mark.parametrize(
    "words",
    [
        ("ack", "alert-none"), ("show", "alert-none"), ("end-silence", "silence-none"), ("list", "--state", "red"),
        ("silence", "--reason", "why"), ("silence", "--rule", "no_such_rule", "--reason", "why"),
        ("silence", "--label", "colour=red", "--reason", "why"), ("silence", "--label", "stage", "--reason", "why"),
        ("silence", "--portfolio", "P1", "--reason", " "), ("test", "pager"), ("test", "mail"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(home: Runtime, capfd, words: tuple[str, ...]) -> None:
    before = home.alerts.standing()
    problem = document(capfd, "alerts", *words, code=2)
    assert problem["detail"]
    assert home.alerts.standing() == before


def test_what_is_gone_is_closed_by_somebody_who_says_why_and_who_was_told_of_it_hears_it(home: Runtime, capfd) -> None:
    gone = alert("P2").changed(state=AlertState.UNKNOWN, blind_since=NOW, told=Told.BLIND)
    home.alerts.save([gone], [], [], on=1, at=NOW, channels=["log"])
    before = home.alerts.undelivered("log").waiting
    said = portopt(capfd, "alerts", "close", gone.alert_id, "--why", "liquidated in November", "--by", "anna")
    assert f"{gone.alert_id} is over: closed by anna: liquidated in November; when it was last judged: P2 drifts" in said
    closed = home.alerts.get(gone.alert_id)
    assert (closed.state, closed.closed_by, closed.closed_why) == (AlertState.RESOLVED, "anna", "liquidated in November")
    assert home.alerts.undelivered("log").waiting == before + 1
    assert home.alerts.standing().evaluated_at == NOW, "nobody evaluated anything"
    assert gone.alert_id not in {one.alert_id for one in home.alerts.standing().alerts}
    portopt(capfd, "alerts", "channels", "--deliver")
    (told,) = [one for one in told_in(home) if one["told"] == "resolved"]
    assert told["alert"]["closed_by"] == "anna"
    assert "liquidated in November" in told["text"]
    problem = document(capfd, "alerts", "close", gone.alert_id, "--why", "again", code=2)
    assert "is over" in problem["detail"]


def told_in(home: Runtime) -> list[dict]:
    return [json.loads(line)["data"] for line in home.settings.alert_log_path.read_text().splitlines()]


def test_what_is_still_measured_is_not_closed_and_a_reason_has_to_be_given(home: Runtime, capfd) -> None:
    home.portfolios.declare(Holdings("P1", {"A": Decimal(1)}), by="desk")
    mine = alert("P1").alert_id
    problem = document(capfd, "alerts", "close", mine, "--why", "sold", code=2)
    assert "is of something that is there: its figures still come, the last at 2026-11-20" in problem["detail"]
    assert home.alerts.get(mine).state is AlertState.FIRING
    problem = document(capfd, "alerts", "close", alert("P2").alert_id, "--why", " ", code=2)
    assert "why it is gone for good" in problem["detail"]


def test_a_book_that_is_not_managed_any_more_is_gone_though_its_alert_fires(home: Runtime, capfd) -> None:
    closed = document(capfd, "alerts", "close", alert("P1").alert_id, "--why", "moved elsewhere", "--by", "anna")
    assert (closed["state"], closed["closed_why"]) == ("resolved", "moved elsewhere")
