"""Who looks at a screen, and that what a form sends came from a page of ours."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from portopt.domain.access import Principal
from portopt.domain.errors import NotAllowed, NotAuthenticated
from portopt.doors.access.access import credential
from portopt.doors.access.keys import LONGEST_KEY

if TYPE_CHECKING:
    from starlette.requests import Request

    from portopt.doors.access.access import Access
    from portopt.runtime import Runtime

COOKIE: Final = "portopt_session"
FIELD, HEADER = "csrf", "x-csrf-token"
SANE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
HOURS: Final = 12.0
NOBODY: Final = Principal("")


@dataclass(frozen=True, slots=True)
class Session:
    """csrf: what forms of its pages send. new: whether the browser must be told of it. signed_in: whether it can be left."""

    id: str
    who: Principal
    new: bool = False
    signed_in: bool = False

    @property
    def csrf(self) -> str:
        return hmac.new(self.id.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_id() -> str:
    return secrets.token_urlsafe(32)


class Sessions:
    """Where access is open nobody signs in: whoever is on this machine is told apart by a cookie that opens nothing."""

    def __init__(self, access: Access, runtime: Runtime) -> None:
        self.access, self._runtime = access, runtime

    async def of(self, request: Request) -> Session:
        """Raises NotAuthenticated, and NotAllowed for what another place made a browser ask."""
        visit = self.visit(request)
        if self.access.is_open or credential(request.headers) is not None:
            return Session(visit.id, await self.access.who(request.headers), visit.new)
        who = None if visit.new else await asyncio.to_thread(self._runtime.sessions.who, visit.id)
        if who is None:
            raise NotAuthenticated("nobody is signed in")
        return Session(visit.id, who, signed_in=True)

    def visit(self, request: Request) -> Session:
        """Of nobody yet: what the page to sign in stands in."""
        given = request.cookies.get(COOKIE, "")
        is_there = SANE.fullmatch(given) is not None
        return Session(given if is_there else new_id(), NOBODY, new=not is_there)

    async def begun_by_key(self, key: str) -> Session:
        """Under an id that nobody had before. Raises NotAuthenticated."""
        session_id, key = new_id(), key.strip()
        is_sane = 0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()
        begin = self._runtime.sessions.begin_by_key
        who = await asyncio.to_thread(begin, session_id, key, HOURS) if is_sane else None
        if who is None:
            raise NotAuthenticated("this API key is not known, or was revoked", field="key")
        return Session(session_id, who, new=True, signed_in=True)

    async def begun(self, who: Principal) -> Session:
        """Of whom the issuer vouched for."""
        session_id = new_id()
        await asyncio.to_thread(self._runtime.sessions.begin, session_id, who, HOURS)
        return Session(session_id, who, new=True, signed_in=True)

    async def end(self, session: Session) -> None:
        await asyncio.to_thread(self._runtime.sessions.end, session.id)


def require_from_here(headers: Mapping[str, str], form: Mapping[str, str], session: Session, ours: str | None) -> None:
    """Raises NotAllowed for what no page of this session sent: another site's form, or one without its token.

    ours: where people reach the service, as its settings say.
    """
    given = form.get(FIELD) or headers.get(HEADER, "")
    origin, here = headers.get("origin"), {headers.get("host", ""), urlsplit(ours or "").netloc}
    is_ours = (origin is None or urlsplit(origin).netloc in here - {""}) and headers.get(
        "sec-fetch-site", "same-origin"
    ) == "same-origin"
    if not is_ours or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise NotAllowed(
            "this was not sent by a page of this console, or by one of an earlier session",
            field="csrf",
            fixes=["open the page again and send it from there"],
        )
