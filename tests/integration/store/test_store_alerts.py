"""Alerts in the store: an evaluation is saved whole or not at all, and of two that began alike one is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.events.relay import relay_until_empty
from portopt.adapters.store.alerts import SqlAlerts
from portopt.dialects.alerts import notice_data
from portopt.domain.errors import Conflict, EventRefused, UnknownThing
from portopt.domain.run import Event
from portopt.domain.watch import (
    Alert,
    AlertState,
    Notice,
    Severity,
    Silence,
    Standing,
    Told,
    alert_id_of,
    labels,
)  # fmt: skip

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)


def alert(book: str = "P1", since: datetime = NOW, rule: str = "drift", state: AlertState = AlertState.FIRING) -> Alert:
    of = labels(portfolio=book, asset="XOM") if book else labels()
    return Alert(
        alert_id_of(rule, of, since), rule, "books", Severity.PAGE, of, state, since, since + HOUR, 0.07, 0.05, 0.09,
        {"book_drift": 0.07, "book_value": None}, f"{book} drifts", "book-drift", fired_at=since + HOUR,
        detail={"assets": ["XOM"]},
    )  # fmt: skip


def notice(of: Alert, told: Told = Told.FIRING, number: int = 0) -> Notice:
    return Notice(f"notice-{of.alert_id}-{told}-{number}", of.subject, told, NOW, of.summary, of.severity, of)


@pytest.fixture
def alerts(store) -> SqlAlerts:
    return SqlAlerts(store.database)


def waiting(alerts: SqlAlerts, channel: str) -> list:
    ours = alerts.deliveries(channel)
    ours.take()
    found = [one.event for one in ours.waiting(1000)]
    ours.close()
    return found


def test_a_new_store_stands_at_nothing(alerts):
    assert alerts.standing() == Standing(0, None)
    assert set(alerts.counts().values()) == {0}


def test_what_was_saved_is_read_back_whole(alerts):
    full = alert().changed(
        resolved_at=NOW, good_since=NOW, blind_since=NOW, acknowledged_by="anna", acknowledged_at=NOW, note="on it",
        silence="s-1", state=AlertState.UNKNOWN, told=Told.BLIND,
    )  # fmt: skip
    assert alerts.save([full], [], [], on=0, at=NOW, channels=["log"]) == 1
    assert alerts.get(full.alert_id) == full
    assert alerts.standing() == Standing(1, NOW, (full,))


def test_a_notice_waits_once_for_each_channel_and_each_channel_for_itself(alerts, store):
    a, b = alert("P1"), alert("P2")
    told = [notice(a), notice(b), notice(a, Told.RESOLVED)]
    alerts.save([a, b], told, [], on=0, at=NOW, channels=["log", "mail"])
    alerts.save([], told[:2], [], on=1, at=NOW, channels=["log", "mail"])  # told before
    for channel in ("log", "mail"):
        assert [event.body for event in waiting(alerts, channel)] == [notice_data(one) for one in told]
        assert alerts.undelivered(channel).waiting == 3
        assert alerts.may_be_sent(channel)
    assert waiting(alerts, "webhook") == []
    # The broker's events know nothing of it: none waits there, and the relay that looks does not go round for ever.
    assert not store.may_be_sent()
    assert store.outbox().waiting == 0
    assert store.health()["outbox_pending"] == 0
    ours = store.deliveries()
    ours.take()
    assert ours.waiting(100) == []
    ours.close()


def test_who_holds_one_channel_leaves_the_others_and_the_events_free(alerts, store):
    holders = [alerts.deliveries("log"), store.deliveries(), alerts.deliveries("mail")]
    assert [len(one.take()) for one in holders] == [1, 8, 1]
    second = alerts.deliveries("log")
    assert second.take() == frozenset()
    alerts.save([], [notice(alert())], [], on=0, at=NOW, channels=["log"])
    assert [held.waiting for held in alerts.undelivered("log").held] == [1]
    assert alerts.undelivered("webhook").held == ()
    holders[0].close()
    assert second.take() == second.wanted
    for one in (*holders, second):
        one.close()


def test_of_two_evaluations_that_began_alike_one_is_saved(alerts):
    a, b = alert("P1"), alert("P2")
    standing = alerts.standing()
    alerts.save([a], [notice(a)], [], on=standing.version, at=NOW, channels=["log"])
    with pytest.raises(Conflict):
        alerts.save([b], [notice(b)], [], on=standing.version, at=NOW + HOUR, channels=["log"])
    assert alerts.standing() == Standing(1, NOW, (a,))
    assert len(waiting(alerts, "log")) == 1


def test_many_that_save_at_once_lose_nothing(alerts, store):
    """Each adds an alert of its own, and starts again whenever another was faster."""

    def add(number: int) -> int:
        tries, mine = 0, alert(f"P{number}")
        while True:
            tries += 1
            on = alerts.standing().version
            try:
                alerts.save([mine], [notice(mine)], [], on=on, at=NOW, channels=["log"])
            except Conflict:
                continue
            return tries

    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(add, range(12)))
    assert alerts.standing().version == 12 <= sum(tries)
    assert len(alerts.standing().alerts) == len(waiting(alerts, "log")) == 12


@pytest.mark.parametrize("done", ["acknowledged", "silenced", "silence ended"])
def test_what_a_person_does_meanwhile_is_not_overwritten(alerts, done):
    a = alert()
    silence = alerts.silence(Silence("s-1", labels(portfolio="P9"), NOW, NOW + HOUR, "anna", "known"))
    alerts.save([a], [], [], on=1, at=NOW, channels=[])
    standing = alerts.standing()
    if done == "acknowledged":
        alerts.acknowledge(a.alert_id, "anna", "on it")
    elif done == "silenced":
        alerts.silence(replace(silence, silence_id="s-2"))
    else:
        alerts.end_silence("s-1", NOW + HOUR / 2)
    with pytest.raises(Conflict):
        alerts.save(standing.alerts, [], standing.silences, on=standing.version, at=NOW, channels=[])
    assert (alerts.get(a.alert_id).acknowledged_by == "anna") is (done == "acknowledged")


def test_one_that_ended_before_it_fired_is_kept_nowhere(alerts):
    a = alert(state=AlertState.PENDING).changed(fired_at=None)
    alerts.save([a], [], [], on=0, at=NOW, channels=["log"])
    alerts.save([a.changed(state=AlertState.RESOLVED, resolved_at=NOW)], [], [], on=1, at=NOW, channels=["log"])
    assert alerts.list(None) == []
    with pytest.raises(UnknownThing):
        alerts.get(a.alert_id)


def test_the_list_has_the_newest_first_in_pages_and_those_one_may_see(alerts):
    many = [alert(f"P{n % 3}", NOW + n * HOUR, "drift" if n % 2 else "cash") for n in range(10)]
    service = alert("", NOW - HOUR, "broker")
    over = many[0].changed(state=AlertState.RESOLVED, resolved_at=NOW)
    alerts.save([over, *many[1:], service], [], [], on=0, at=NOW, channels=[])
    newest = [*many[:0:-1], over, service]
    assert alerts.list(None) == newest
    pages, after = [], None
    while page := alerts.list(None, after=after, limit=3):
        pages += page
        after = page[-1].alert_id
    assert pages == newest
    assert alerts.list(frozenset({"P1"})) == [one for one in newest if one.portfolio_id == "P1"]
    assert alerts.list(frozenset()) == []
    assert alerts.list(None, rule="cash", portfolio_id="P0") == [
        one for one in newest if one.rule == "cash" and one.portfolio_id == "P0"
    ]
    assert alerts.list(None, states=[AlertState.RESOLVED]) == [over]
    assert alerts.list(frozenset({"P1"}), after=service.alert_id) == []  # nothing is told of where a foreign one stands
    assert alerts.counts() == {
        AlertState.PENDING: 0, AlertState.FIRING: 10, AlertState.UNKNOWN: 0, AlertState.RESOLVED: 1,
    }  # fmt: skip


def test_who_looks_after_it_is_on_it_and_one_that_is_over_is_refused(alerts):
    a, over = alert("P1"), alert("P2", state=AlertState.RESOLVED)
    alerts.save([a, over], [], [], on=0, at=NOW, channels=[])
    alerts.acknowledge(a.alert_id, "anna")
    found = alerts.acknowledge(a.alert_id, "bert", "mine now")
    assert (found.acknowledged_by, found.note) == ("bert", "mine now")
    assert found.acknowledged_at is not None
    assert alerts.get(a.alert_id) == found
    with pytest.raises(Conflict):
        alerts.acknowledge(over.alert_id, "anna")
    with pytest.raises(UnknownThing):
        alerts.acknowledge("alert-none", "anna")
    assert alerts.standing().version == 3  # what was refused changed nothing


def test_silences_are_in_force_between_their_instants_and_end_early(alerts):
    long = Silence("s-1", labels(rule="drift", portfolio="P1"), NOW, NOW + 5 * HOUR, "anna", "moving")
    later = Silence("s-2", labels(rule="cash"), NOW + 2 * HOUR, NOW + 3 * HOUR, "bert", "cash day")
    assert alerts.silence(long) == alerts.silence(long) == long
    alerts.silence(later)
    assert alerts.silences() == (long, later)
    assert alerts.silences(at=NOW - HOUR) == ()
    assert alerts.silences(at=NOW + 2 * HOUR) == (long, later)
    assert alerts.silences(at=NOW + 3 * HOUR) == (long,)
    assert alerts.end_silence("s-1", NOW + HOUR).ends == NOW + HOUR
    assert alerts.end_silence("s-1", NOW + 4 * HOUR).ends == NOW + HOUR  # it was over
    assert alerts.end_silence("s-2", NOW).ends == later.starts  # it never was in force
    with pytest.raises(UnknownThing):
        alerts.end_silence("s-3", NOW)
    version = alerts.standing().version
    alerts.save([], [], [replace(long, ends=NOW + HOUR, summarized=True)], on=version, at=NOW, channels=[])
    assert [one.silence_id for one in alerts.standing().silences] == ["s-2"]


def test_what_ended_under_a_silence_stands_until_it_is_summarized(alerts):
    silence = alerts.silence(Silence("s-1", labels(rule="drift"), NOW, NOW + HOUR, "anna", "known"))
    a = alert(state=AlertState.RESOLVED).changed(resolved_at=NOW, silence="s-1")
    alerts.save([a], [], [], on=1, at=NOW, channels=[])
    assert alerts.standing().alerts == (a,)
    alerts.save([], [], [replace(silence, summarized=True)], on=2, at=NOW + HOUR, channels=[])
    assert alerts.standing() == Standing(3, NOW + HOUR)


def test_what_a_receiver_refused_too_often_is_parked_and_tried_again(alerts):
    a = alert()
    alerts.save([a], [notice(a), notice(a, Told.RESOLVED)], [], on=0, at=NOW, channels=["webhook", "log"])
    ours = alerts.deliveries("webhook")
    ours.take()
    now = datetime.now(UTC)
    for _ in range(5):
        (first, *_) = ours.waiting(10, now)
        ours.refuse(first.event.event_id, {"detail": "400"}, now)
        now += HOUR
    ours.close()
    state = alerts.undelivered("webhook")
    assert (state.waiting, len(state.parked), state.behind) == (2, 1, 1)
    assert not alerts.may_be_sent("webhook")
    assert alerts.may_be_sent("log")
    assert alerts.unpark("log") == 0
    assert alerts.unpark("webhook") == 1
    assert alerts.may_be_sent("webhook")


def group(books: list[str], told: Told = Told.FIRING, number: int = 0) -> Notice:
    of = [alert(book) for book in books]
    return Notice(f"notice-group-{'-'.join(books)}-{told}-{number}", "group-drift", told, NOW, "several", Severity.PAGE,
                  body={"keys": [one.subject for one in of]}, keys=tuple(one.subject for one in of))  # fmt: skip


class Receiver:
    """Takes everything but what it calls wrong."""

    def __init__(self, wrong: set[str]) -> None:
        self.wrong, self.taken = wrong, list[str]()

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        if event.body["notice_id"] in self.wrong:
            raise EventRefused("no", field="test", value=event.event_id)
        self.taken.append(event.body["notice_id"])

    def highest(self, shard: int) -> int:
        return 0


def relayed(alerts: SqlAlerts, receiver: Receiver, now: datetime = NOW) -> list[str]:
    receiver.taken.clear()
    ours = alerts.deliveries("mail")
    relay_until_empty(ours, receiver, now)
    ours.close()
    return list(receiver.taken)


def test_a_notice_of_several_alerts_waits_behind_one_of_any_of_them_and_what_comes_after_waits_behind_it(alerts):
    """P1's is refused: the group of P1 and P2 waits for it, and so does what is told of P2 alone; P3 waits for nothing."""
    first, other = notice(alert("P1")), notice(alert("P3"))
    both, after = group(["P1", "P2"], Told.RESOLVED), notice(alert("P2"), Told.SEEING)
    more = group(["P2", "P4"], Told.BLIND)
    alerts.save([], [first, both, after, more, other], [], on=0, at=NOW, channels=["mail"])
    receiver = Receiver({first.notice_id})
    assert relayed(alerts, receiver) == [other.notice_id]
    assert relayed(alerts, receiver) == []
    receiver.wrong.clear()
    assert relayed(alerts, receiver, NOW + HOUR) == [one.notice_id for one in (first, both, after, more)]
    assert alerts.undelivered("mail").waiting == 0


def test_a_refused_group_holds_up_its_alerts_and_no_others_even_when_it_is_parked(alerts):
    both = group(["P1", "P2"])
    behind, free = notice(alert("P2"), Told.RESOLVED), notice(alert("P3"))
    again = group(["P2", "P5"])
    alerts.save([], [both, behind, again, free], [], on=0, at=NOW, channels=["mail"])
    receiver = Receiver({both.notice_id})
    taken = [one for hours in range(12) for one in relayed(alerts, receiver, NOW + hours * HOUR)]
    assert taken == [free.notice_id]
    state = alerts.undelivered("mail", NOW + 12 * HOUR)
    assert [one.event_id for one in state.parked] == [f"mail:{both.notice_id}"]
    assert state.behind >= 1
    receiver.wrong.clear()
    alerts.unpark("mail")
    assert relayed(alerts, receiver, NOW + 13 * HOUR) == [one.notice_id for one in (both, behind, again)]


def test_what_is_told_of_a_channel_goes_over_the_others_and_over_itself_where_there_is_none(alerts):
    of = labels(channel="mail")
    silent = replace(alert(""), of=of, rule="channel_silent")
    alerts.save([], [notice(silent)], [], on=0, at=NOW, channels=["log", "mail", "webhook"])
    assert [len(waiting(alerts, name)) for name in ("log", "mail", "webhook")] == [1, 0, 1]
    alerts.save([], [notice(silent, number=1)], [], on=1, at=NOW, channels=["mail"])
    assert len(waiting(alerts, "mail")) == 1


def test_when_a_channel_delivered_last_is_known(alerts):
    alerts.save([], [notice(alert("P1")), notice(alert("P2"))], [], on=0, at=NOW, channels=["mail", "log"])
    assert alerts.delivered_since("mail", NOW - HOUR) is None
    receiver = Receiver(set())
    relayed(alerts, receiver, NOW + HOUR)
    assert alerts.delivered_since("mail", NOW - HOUR) == NOW + HOUR
    assert alerts.delivered_since("mail", NOW + HOUR) is None, "only of what was told since then"
    assert alerts.delivered_since("log", NOW - HOUR) is None
