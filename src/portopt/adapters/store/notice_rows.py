"""Notices as rows of the outbox: one for each channel, in the shard of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from portopt.adapters.store.models import outbox
from portopt.adapters.store.outbox import channel_shard, tell
from portopt.adapters.store.types import written
from portopt.adapters.store.upsert import insert_of
from portopt.adapters.store.watch_tables import notice_keys
from portopt.dialects.alerts import notice_data
from portopt.domain.canonical import digest
from portopt.domain.watch import Notice

ID_LENGTH, KEY_LENGTH = 64, 100  # of the columns


def put_notices(connection: Connection, notices: Sequence[Notice], channels: Sequence[str]) -> None:
    """In their order; one that is there already, in whatever state, is not put there again."""
    rows, keys = list(_rows(notices, channels)), list(_keys(notices, channels))
    if rows:
        connection.execute(insert_of(connection.dialect.name, outbox).on_conflict_do_nothing(), rows)
        tell(connection)
    if keys:
        connection.execute(insert_of(connection.dialect.name, notice_keys).on_conflict_do_nothing(), keys)


def _rows(notices: Sequence[Notice], channels: Sequence[str]) -> Iterator[dict[str, Any]]:
    for notice in notices:
        body = written(notice_data(notice))  # once, for every channel
        for channel in _over(notice, channels):
            yield {
                "event_id": event_id_of(notice, channel),
                "type": f"alert_{notice.told.value}",
                "key": fitted(f"{channel}:{notice.key}", KEY_LENGTH),
                "run_id": None,
                "body": body,
                "occurred_at": notice.at,
                "shard": channel_shard(channel),
            }


def _keys(notices: Sequence[Notice], channels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Of what tells of several alerts: it stands in the order of each of them."""
    for notice in notices:
        for channel in _over(notice, channels) if notice.keys else ():
            for key in notice.keys:
                yield {"event_id": event_id_of(notice, channel), "key": fitted(f"{channel}:{key}", KEY_LENGTH)}


def _over(notice: Notice, channels: Sequence[str]) -> Sequence[str]:
    """That a channel is silent is told over the others, where there are any."""
    about = None if notice.alert is None else dict(notice.alert.of).get("channel")
    return [one for one in channels if one != about] or channels


def event_id_of(notice: Notice, channel: str) -> str:
    return fitted(f"{channel}:{notice.notice_id}", ID_LENGTH)


def fitted(text: str, length: int) -> str:
    """As it is where it fits; else its beginning, and a digest of the whole.

    >>> fitted("log:x", 10), len(fitted("log:" + "x" * 100, 64))
    ('log:x', 64)
    """
    return text if len(text) <= length else f"{text[: length - 25]}-{digest(text.encode())[:24]}"
