"""Who looks at a screen, and that what a form sends came from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from portopt.domain.access import Principal
from portopt.domain.errors import NotAllowed

if TYPE_CHECKING:
    from starlette.requests import Request

    from portopt.doors.access.access import Access

COOKIE: Final = "portopt_session"
FIELD, HEADER = "csrf", "x-csrf-token"
SANE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """csrf: what forms of its pages send. new: whether the browser must be told of it."""

    id: str
    who: Principal
    new: bool = False

    @property
    def csrf(self) -> str:
        return hmac.new(self.id.encode(), b"csrf", hashlib.sha256).hexdigest()


class Sessions:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def of(self, request: Request) -> Session:
        """Raises NotAuthenticated, and NotAllowed for what another place made a browser ask."""
        given = request.cookies.get(COOKIE, "")
        is_there = SANE.fullmatch(given) is not None
        who = await self._access.who(request.headers)
        return Session(given if is_there else secrets.token_urlsafe(32), who, new=not is_there)


def require_from_here(headers: Mapping[str, str], form: Mapping[str, str], session: Session) -> None:
    """Raises NotAllowed for what no page of this session sent: another site's form, or one without its token."""
    given = form.get(FIELD) or headers.get(HEADER, "")
    origin, host = headers.get("origin"), headers.get("host", "")
    is_ours = (origin is None or urlsplit(origin).netloc == host) and headers.get(
        "sec-fetch-site", "same-origin"
    ) == "same-origin"
    if not is_ours or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise NotAllowed(
            "this was not sent by a page of this console, or by one of an earlier session",
            field="csrf",
            fixes=["open the page again and send it from there"],
        )
