"""The local event log: one line an event, once, whatever happened before."""

from __future__ import annotations

import json
import os
import resource
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portopt.adapters.events.local_log import LocalLog
from portopt.domain.errors import DataError, EventRefused, OutsideError
from portopt.domain.run import Event

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def event(event_id: str = "e1", **body: object) -> Event:
    return Event(event_id, "portfolio_optimized", "P1", {"event_id": event_id, **body}, NOW)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events" / "events.jsonl"


def ids(path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_line_is_a_cloudevent_around_exactly_the_body(path):
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    LocalLog(path).deliver(Event("e1", "portfolio_optimized", "P1", {"weights": {"A": 0.1}, "text": "€\n"}, tokyo))
    text = path.read_text()
    assert text.endswith("\n")
    assert json.loads(text) == {
        "specversion": "1.0",
        "id": "e1",
        "source": "portopt",
        "type": "portfolio_optimized",
        "subject": "P1",
        "time": "2026-11-20T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {"weights": {"A": 0.1}, "text": "€\n"},
    }


def test_an_event_is_written_once_by_one_log_and_by_another(path):
    log = LocalLog(path)
    for _ in range(3):
        log.deliver(event("e1"))
        log.deliver(event("e2"))
    LocalLog(path).deliver(event("e1"))
    assert ids(path) == ["e1", "e2"]


def test_what_another_process_wrote_meanwhile_is_noticed(path):
    one, other = LocalLog(path), LocalLog(path)
    one.deliver(event("e1"))
    other.deliver(event("e2"))
    one.deliver(event("e2"))
    assert ids(path) == ["e1", "e2"]


@pytest.mark.parametrize("cut", [1, 10, 80])
def test_a_line_cut_short_is_taken_back_and_written_again(path, cut):
    log = LocalLog(path)
    log.deliver(event("e1"))
    log.deliver(event("e2", long="x" * 100))
    os.truncate(path, path.stat().st_size - 1 - cut)
    LocalLog(path).deliver(event("e2", long="x" * 100))
    assert ids(path) == ["e1", "e2"]


def test_a_line_that_lost_only_its_end_is_completed(path):
    LocalLog(path).deliver(event("e1"))
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 1)
    LocalLog(path).deliver(event("e1"))
    assert path.read_bytes() == whole
    LocalLog(path).deliver(event("e2"))
    assert ids(path) == ["e1", "e2"]


def test_a_log_that_was_moved_away_is_begun_anew(path):
    log = LocalLog(path)
    log.deliver(event("e1"))
    path.rename(path.with_suffix(".old"))
    log.deliver(event("e2"))
    assert ids(path) == ["e2"]


def test_a_long_log_is_read_in_blocks_without_losing_an_id(path, monkeypatch):
    monkeypatch.setattr("portopt.adapters.events.local_log._BLOCK", 100)
    log = LocalLog(path)
    for i in range(20):
        log.deliver(event(f"e{i}", text="y" * (i * 13)))
    again = LocalLog(path)
    for i in range(20):
        again.deliver(event(f"e{i}"))
    assert ids(path) == [f"e{i}" for i in range(20)]


def test_threads_write_whole_lines(path):
    def work(k: int) -> None:
        log = LocalLog(path)
        for i in range(20):
            log.deliver(event(f"{k}-{i}", text="z" * 5000))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(path)) == sorted(f"{k}-{i}" for k in range(4) for i in range(20))


@pytest.mark.parametrize("damage", [b"{", b"\x00" * 40, b"[1]", b'{"id": 7}', b""])
def test_a_damaged_line_among_events_holds_nothing_up_and_is_found(path, damage):
    for i in range(3):
        LocalLog(path).deliver(event(f"e{i}"))
    first, _, third = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, damage, third, b""]))
    log = LocalLog(path)
    log.deliver(event("e3"))
    log.deliver(event("e0"))
    assert log.damaged_lines() == [2]
    written = path.read_bytes().split(b"\n")
    assert written[1] == damage
    assert [json.loads(written[k])["id"] for k in (0, 2, 3)] == ["e0", "e2", "e3"]
    assert written[4:] == [b""]


def test_a_log_that_nobody_began_has_no_damaged_lines(path):
    assert LocalLog(path).damaged_lines() == []


def test_an_event_that_is_no_json_is_refused_by_its_name(path):
    with pytest.raises(EventRefused, match="event e1 cannot be written as JSON"):
        LocalLog(path).deliver(event("e1", thing=object()))
    assert not path.exists()


def test_a_disk_that_is_full_leaves_no_half_line(path):
    """A limit on the size of files stands in for the disk: the system says no in the same place."""
    log = LocalLog(path)
    log.deliver(event("e1"))
    whole = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 50, before[1]))
    try:
        with pytest.raises(OutsideError, match="cannot be written: File too large"):
            log.deliver(event("e2", text="x" * 500))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == whole
    log.deliver(event("e2", text="x" * 500))
    assert ids(path) == ["e1", "e2"]


def test_a_file_of_something_else_is_left_as_it_is(path):
    path.parent.mkdir()
    path.write_text("not events\n")
    with pytest.raises(DataError, match="line 1"):
        LocalLog(path).deliver(event())
    assert path.read_text() == "not events\n"


def test_a_log_that_cannot_be_written_is_worth_a_retry(tmp_path):
    with pytest.raises(OutsideError, match="cannot be written"):
        LocalLog(tmp_path).deliver(event())
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot be written"):
        LocalLog(tmp_path / "file" / "events.jsonl").deliver(event())
