"""What a screen asks: operations of the service, as whoever looks at it may ask them over REST."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from portopt.doors.wire.call import JSON, Call, Reply

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service


class Refused(Exception):
    """An operation was refused. problem: the problem object, as REST gives it."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail", ""))
        self.status, self.problem = status, problem


@dataclasses.dataclass(frozen=True, slots=True)
class Asking:
    """Of one look. begun: who asks, and under which request id."""

    service: Service
    begun: Call

    async def of(
        self,
        operation: str,
        place: Mapping[str, str] | None = None,
        asked: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """The answer. key: an Idempotency-Key. Raises Refused."""
        reply = await self.reply(operation, place, asked, body, key)
        found: dict[str, Any] = orjson.loads(reply.body)
        if reply.status >= 400:
            raise Refused(reply.status, found)
        return found

    async def maybe(
        self, operation: str, place: Mapping[str, str] | None = None, asked: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The answer; None for what is not there, or is not for whoever looks."""
        try:
            return await self.of(operation, place, asked)
        except Refused as refused:
            if refused.status in (403, 404):
                return None
            raise

    async def whole(self, operation: str, place: Mapping[str, str] | None = None) -> Reply:
        """The answer as it is, for what is not JSON. Raises Refused."""
        reply = await self.reply(operation, place)
        if reply.status >= 400:
            raise Refused(reply.status, orjson.loads(reply.body))
        return reply

    async def each(self, *operations: tuple[str, Mapping[str, str], Mapping[str, str]]) -> list[dict[str, Any]]:
        """Answers to several (operation, place, asked), side by side. Raises Refused for the first that is."""
        return list(await asyncio.gather(*(self.of(*wanted) for wanted in operations)))

    async def reply(
        self,
        operation: str,
        place: Mapping[str, str] | None = None,
        asked: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Reply:
        """As it is, refused or not."""
        call = dataclasses.replace(
            self.begun,
            operation=operation,
            place=dict(place or {}),
            asked={name: value for name, value in (asked or {}).items() if value != ""},
            body=b"" if body is None else orjson.dumps(body),
            content_type=JSON,
            idempotency_key=key,
        )
        return await self.service.answer(call)
