"""Beliefs: sent once, kept by their content, and named by their id in requests (`risk_parameters.beliefs`)."""

from __future__ import annotations

from portopt.dialects.beliefs import OF_ARRAYS, beliefs_line, beliefs_of_columns, beliefs_of_json, beliefs_of_npz
from portopt.domain.beliefs import Beliefs
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.bodies import body_of
from portopt.doors.wire.places import place_of

KINDS = (".json", ".npz", ".arrow")
UNPACKED = 4  # times the largest body: what an archive may hold once it is unpacked


def keep(asked: Asked) -> Answered:
    """The same beliefs have the same id, however they were sent."""
    asked.only()
    found = _read(asked)
    named = asked.runtime.beliefs.put(found)
    return Answered(beliefs_line(found), 201, headers={"Location": place_of("get_beliefs", beliefs_id=named)})


def get(asked: Asked) -> Answered:
    """What they hold; the numbers too with `numbers=true`."""
    asked.only("numbers")
    found = asked.runtime.beliefs.get(asked.call.place["beliefs_id"])
    document = beliefs_line(found)
    if asked.flag("numbers"):
        document |= {name: values for name in OF_ARRAYS if (values := getattr(found, name)) is not None}
    return Answered(document)


def _read(asked: Asked) -> Beliefs:
    body = body_of(asked, KINDS, archive=".npz")
    if body.kind == ".json":
        return beliefs_of_json(asked.data())
    if body.kind == ".npz":
        return beliefs_of_npz(body.content, UNPACKED * asked.runtime.settings.body_bytes)
    from portopt.tables.arrow import frame_of_arrow

    frame = frame_of_arrow(body.content, body.name)
    return beliefs_of_columns({name: frame[name].to_numpy() for name in frame.columns})
