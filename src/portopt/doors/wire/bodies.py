"""A body that is no JSON document, or may be another thing: a table, an archive of arrays."""

from __future__ import annotations

from portopt.doors.wire.asked import Asked
from portopt.doors.wire.errors import UnsupportedMedia
from portopt.doors.wire.operations import OPERATIONS
from portopt.tables.delivered import Delivered, kind_of_content


def body_of(asked: Asked, endings: tuple[str, ...], name: str = "the body", archive: str = ".xlsx") -> Delivered:
    """The body, once it is of a kind that is read here. archive: what an archive is that came as mere bytes.

    Raises UnsupportedMedia.
    """
    call = asked.call
    kind = kind_of_content(call.body, call.content_type)
    kind = archive if kind == ".xlsx" and archive in endings else kind
    if kind not in endings:
        raise UnsupportedMedia("Content-Type", call.content_type, OPERATIONS[call.operation].takes)
    return Delivered(call.body, kind, name)
