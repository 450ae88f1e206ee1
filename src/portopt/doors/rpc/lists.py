"""RPCs whose operation takes a list and answers with one: a member each, an answer or a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portopt.doors.rpc.messages import fill

if TYPE_CHECKING:
    from google.protobuf.message import Message

RPCS = ("OptimizeBatch",)
ASKED, ANSWERED = "requests", "members"


def fill_members(message: Message, answers: Sequence[dict[str, Any]]) -> None:
    for answer in answers:
        member = getattr(message, ANSWERED).add()
        if str(answer.get("type", "")).startswith("urn:portopt:problem:"):
            member.problem.update(answer)
        else:
            fill(member.response, answer)
