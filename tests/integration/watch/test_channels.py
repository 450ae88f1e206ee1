"""Notices out of the outbox, channel by channel: whatever one receiver does, the others and the events hear nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from integration.store.conftest import Databases, databases, postgres_url
from integration.watch.receiving import SECRET, Receiver
from made_alerts import NOW, alert, notice

from portopt.adapters.store import outbox
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.run import Event
from portopt.domain.watch import Notice, Told
from portopt.questions.health import _alerts, _run
from portopt.runs import events, relaying
from portopt.runs.watch.telling import Delivered, tell, waits
from portopt.runs.watch.telling import test as send_test
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests
CHANNELS = "log,webhook"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Runtime]]:
    """opened(**settings): an installation on either database."""
    if request.param == "sqlite":
        yield lambda **settings: open_runtime(Settings(home=tmp_path, **settings))
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield lambda **settings: open_runtime(Settings(home=tmp_path, database_url=url, **settings))


def saved(runtime: Runtime, *notices: Notice) -> None:
    """As an evaluation leaves them."""
    on = runtime.alerts.standing().version
    runtime.alerts.save([], notices, [], on=on, at=NOW, channels=runtime.settings.channels)


def story(book: str) -> list[Notice]:
    return [notice(alert(book), told) for told in (Told.FIRING, Told.BLIND, Told.SEEING, Told.RESOLVED)]


def logged(runtime: Runtime) -> list[str]:
    import json

    path = runtime.settings.alert_log_path
    return [json.loads(line)["data"]["notice_id"] for line in path.read_text().splitlines()] if path.exists() else []


def test_every_channel_gets_every_notice_once_in_order(opened: Callable[..., Runtime], receiver: Receiver) -> None:
    runtime = opened(alert_channels=CHANNELS, alert_webhook_secret=SECRET, alert_webhook_url=receiver.start())
    told = [one for pair in zip(story("P1"), story("P2"), strict=True) for one in pair]
    saved(runtime, *told[:5])
    assert tell(runtime) == (Delivered("log", 5), Delivered("webhook", 5))
    saved(runtime, *told[3:])
    assert tell(runtime) == (Delivered("log", 3), Delivered("webhook", 3))
    assert tell(runtime) == (Delivered("log", 0), Delivered("webhook", 0))
    assert logged(runtime) == [one["notice_id"] for one in receiver.taken()] == [one.notice_id for one in told]


def test_a_webhook_that_is_down_for_long_loses_nothing_and_holds_up_nobody(
    opened: Callable[..., Runtime], receiver: Receiver
) -> None:
    address = receiver.start()
    receiver.stop()
    runtime = opened(alert_channels=CHANNELS, alert_webhook_secret=SECRET, alert_webhook_url=address)
    told = [*story("P1"), *story("P2")]
    for one in told:
        saved(runtime, one)
        log, webhook = tell(runtime)
        assert (log.delivered, log.why) == (1, "")
        assert webhook.delivered == 0
        assert "did not answer" in webhook.why
    state = runtime.alerts.undelivered("webhook")
    assert (state.waiting, state.parked, state.refused) == (8, (), 0)  # nobody is blamed for it
    released = Event("e-1", "portfolio_optimized", "P1", {"event_id": "e-1"}, NOW)
    with runtime.runs.database.writing() as connection:
        outbox.put(connection, released, None)
    assert events.deliver(runtime) == 1  # and the events go on
    receiver.start()
    assert tell(runtime)[1] == Delivered("webhook", 8)
    assert [one["notice_id"] for one in receiver.taken()] == [one.notice_id for one in told]


def test_notices_do_not_wait_for_a_broker_and_its_relay_does_not_take_them(opened: Callable[..., Runtime]) -> None:
    runtime = opened(events="pulsar", pulsar_url="pulsar://127.0.0.1:1")
    with runtime.runs.database.writing() as connection:
        outbox.put(connection, Event("e-1", "portfolio_optimized", "P1", {"event_id": "e-1"}, NOW), None)
    saved(runtime, *story("P1"))
    holder = runtime.runs.deliveries()
    assert len(holder.take()) == outbox.SHARDS  # a relay that waits for its broker
    assert tell(runtime) == (Delivered("log", 4),)
    assert len(holder.waiting(10)) == 1
    holder.close()
    assert runtime.runs.outbox().waiting == 1


def test_a_relay_of_events_replays_no_notices(opened: Callable[..., Runtime]) -> None:
    runtime = opened()
    saved(runtime, *story("P1"))
    tell(runtime)
    said = relaying.relay(runtime, wait=False, retry_parked=True, say=lambda _: None)
    assert (said["delivered"], said["waiting"]) == (0, 0)
    assert relaying.replay(runtime, NOW - timedelta(days=1), None, None, lambda: False)["replayed"] == 0
    assert len(logged(runtime)) == 4


def test_what_another_process_delivers_on_is_left_to_it(opened: Callable[..., Runtime]) -> None:
    runtime = opened()
    saved(runtime, *story("P1"))
    other = runtime.alerts.deliveries("log")
    other.take()
    assert tell(runtime) == (Delivered("log", 0, "another process delivers on it"),)
    other.close()
    assert tell(runtime) == (Delivered("log", 4),)


def test_a_storm_does_not_keep_the_watch_from_looking_and_the_rest_is_told_next(opened: Callable[..., Runtime]) -> None:
    runtime = opened()
    saved(runtime, *story("P1"), *story("P2"))
    (told,) = tell(runtime, seconds=0.0)
    assert (told.delivered, "waits for the next look" in told.why) == (0, True)
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    (some,) = tell(runtime, stopped=stopped)
    (rest,) = tell(runtime)
    assert 0 < some.delivered < 8
    assert some.delivered + rest.delivered == len(logged(runtime)) == 8


def test_a_channel_without_its_settings_says_which_and_its_notices_wait(opened: Callable[..., Runtime]) -> None:
    runtime = opened(alert_channels="log,webhook,mail")
    saved(runtime, *story("P1"))
    log, webhook, mail = tell(runtime)
    assert (log.delivered, webhook.delivered, mail.delivered) == (4, 0, 0)
    assert "PORTOPT_ALERT_WEBHOOK_URL" in webhook.why
    assert "PORTOPT_ALERT_MAIL_SERVER" in mail.why
    assert [(one["channel"], one["waiting"]) for one in waits(runtime)] == [("log", 0), ("webhook", 4), ("mail", 4)]
    only_log = opened()
    assert [(one["channel"], one["configured"], one["waiting"]) for one in waits(only_log)] == [
        ("log", True, 0), ("webhook", False, 4), ("mail", False, 4),
    ]  # fmt: skip


def test_the_doctor_says_which_channel_does_not_take_what_it_is_told(
    opened: Callable[..., Runtime], receiver: Receiver
) -> None:
    def alerts_of(runtime: Runtime) -> tuple[bool, str]:
        check = _run("alerts", _alerts, "", runtime)
        return check.ok, check.detail

    assert alerts_of(opened())[0] is True
    without = opened(alert_channels="webhook")
    assert alerts_of(without)[0] is False
    assert "PORTOPT_ALERT_WEBHOOK_URL" in alerts_of(without)[1]
    address = receiver.start()
    receiver.stop()
    runtime = opened(alert_channels="webhook", alert_webhook_secret=SECRET, alert_webhook_url=address)
    saved(runtime, *story("P1"))
    tell(runtime)
    assert "4 notices wait for the channel webhook, the oldest since 2026-11-20 12:00" in alerts_of(runtime)[1]
    receiver.start()
    tell(runtime)
    assert alerts_of(runtime) == (True, "webhook 0 waiting")


def test_a_notice_that_its_receiver_calls_wrong_stops_its_own_key_alone(
    opened: Callable[..., Runtime], receiver: Receiver
) -> None:
    from http.server import BaseHTTPRequestHandler

    address = receiver.start()
    handler: type[BaseHTTPRequestHandler] = receiver.server.RequestHandlerClass  # type: ignore[assignment]
    take = handler.do_POST  # type: ignore[attr-defined]

    def choosy(self: BaseHTTPRequestHandler) -> None:
        if notice(alert("P1")).notice_id == self.headers["Portopt-Notice"]:
            self.send_error(422)
        else:
            take(self)

    handler.do_POST = choosy  # type: ignore[attr-defined]
    runtime = opened(alert_channels="webhook", alert_webhook_secret=SECRET, alert_webhook_url=address)
    saved(runtime, *story("P1"), *story("P2"))
    assert tell(runtime)[0].delivered == 4
    assert {one["alert"]["of"]["portfolio"] for one in receiver.taken()} == {"P2"}
    state = runtime.alerts.undelivered("webhook")
    assert (state.waiting, state.refused) == (4, 1)


def test_a_test_notice_goes_past_the_outbox_and_says_what_it_is(opened: Callable[..., Runtime], receiver: Receiver) -> None:
    runtime = opened(alert_channels="webhook", alert_webhook_secret=SECRET, alert_webhook_url=receiver.start())
    send_test(runtime, "webhook")
    (one,) = receiver.taken()
    assert (one["told"], one["alert"]) == ("test", None)
    assert waits(runtime)[0]["waiting"] == 0
    with pytest.raises(MissingInput, match="PORTOPT_ALERT_MAIL_SERVER"):
        send_test(runtime, "mail")


def test_no_secret_of_a_channel_is_in_what_is_said_of_it(opened: Callable[..., Runtime], receiver: Receiver, caplog) -> None:
    address = receiver.start() + "?token=of-the-address"
    receiver.stop()
    runtime = opened(
        alert_channels="webhook,mail", alert_webhook_secret="of-the-signature", alert_webhook_url=address,
        alert_mail_server="smtp://anna:of-the-mail@127.0.0.1:1", alert_mail_from="a@desk.example",
        alert_mail_to="b@desk.example",
    )  # fmt: skip
    saved(runtime, *story("P1"))
    said = repr(tell(runtime)) + repr(waits(runtime)) + caplog.text + repr(runtime.settings)
    for secret in ("of-the-address", "of-the-signature", "of-the-mail"):
        assert secret not in said


@pytest.mark.parametrize("named", ["log,pager", "Log"])
def test_a_channel_that_there_is_not_is_refused_by_name(named: str) -> None:
    with pytest.raises(InvalidValue):
        _ = Settings(alert_channels=named).channels
    assert Settings(alert_channels="none").channels == ()
    assert Settings(alert_channels="mail, log").channels == ("log", "mail")
