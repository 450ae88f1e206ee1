"""Signing in, by API key or at an issuer (authorization code with PKCE, RFC 7636), and signing out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portopt.domain.errors import NotAuthenticated, PortoptError
from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import Page
from portopt.doors.console.sessions import SANE, Session, Sessions, new_id, require_from_here
from portopt.doors.console.shown import HEADERS, form_of, look, page_response, with_session

if TYPE_CHECKING:
    from portopt.doors.wire.service import Service

SIGN_IN, AT_ISSUER = f"{ROOT}/sign-in", f"{ROOT}/sign-in/issuer"
SIGNED_IN, SIGN_OUT = f"{ROOT}/signed-in", f"{ROOT}/sign-out"
UNDER_WAY = "portopt_signing_in"  # one secret of which state, nonce and verifier are made, and where to go then
MINUTES = 10
WITHIN = re.compile(re.escape(ROOT) + r"(?:[/?][!-\[\]-~]*)?")


def within(to: str) -> str:
    """An address of the console, as it was given; anything else is the desk.

    >>> within("/console/runs?page=2"), within("//elsewhere.example"), within("/console/../docs")
    ('/console/runs?page=2', '/console', '/console')
    """
    is_here = len(to) < 2_000 and WITHIN.fullmatch(to) is not None and ".." not in unquote(urlsplit(to).path)
    return to if is_here and not to.startswith(SIGN_IN) else ROOT


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A sign-in at the issuer. What is told to others does not say what else is made of the secret."""

    secret: str
    to: str

    def part(self, name: str) -> str:
        made = hmac.new(self.secret.encode(), name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    @property
    def challenge(self) -> str:
        hashed = hashlib.sha256(self.part("verifier").encode()).digest()
        return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()

    def is_told_by(self, state: str) -> bool:
        return hmac.compare_digest(state.encode(), self.part("state").encode())

    def cookie(self) -> str:
        return f"{self.secret}.{quote(self.to, safe='')}"


def under_way(cookie: str) -> UnderWay | None:
    secret, _, to = cookie.partition(".")
    return UnderWay(secret, within(unquote(to))) if SANE.fullmatch(secret) else None


class Signing:
    """The addresses of it. They look at no portfolio."""

    def __init__(self, service: Service, sessions: Sessions) -> None:
        self._service, self._sessions = service, sessions

    async def page(self, request: Request) -> Response:
        return self._page(request, within(request.query_params.get("to", "")))

    def _page(self, request: Request, to: str, problem: PortoptError | None = None) -> Response:
        if self._sessions.access.is_open:
            return RedirectResponse(to, 303)
        visit = self._sessions.visit(request)
        told = {"to": to, "problem": problem, "has_issuer": self._sessions.access.has_sign_in}
        page = Page("sign_in.html", told, 200 if problem is None else problem.status)
        return with_session(page_response(page, look(request, self._service, visit)), request, visit)

    async def by_key(self, request: Request) -> Response:
        to = ROOT
        try:
            form = await form_of(request)
            to = within(form.get("to", ""))
            require_from_here(request.headers, form, self._sessions.visit(request), self._ours)
            session = await self._sessions.begun_by_key(form.get("key", ""))
        except PortoptError as error:
            return self._page(request, to, error)
        return with_session(RedirectResponse(to, 303, HEADERS), request, session)

    async def at_issuer(self, request: Request) -> Response:
        """Off to the issuer, where there is one."""
        begun = UnderWay(new_id(), within(request.query_params.get("to", "")))
        issuer = self._service.runtime.issuer
        if issuer is None or not self._sessions.access.has_sign_in:
            return self._page(request, begun.to)
        try:
            address = await asyncio.to_thread(issuer.sign_in_address)
        except PortoptError as error:
            return self._page(request, begun.to, error)
        asked = {
            "response_type": "code", "client_id": self._service.runtime.settings.oidc_client_id or "", "scope": "openid",
            "redirect_uri": self._redirect(request), "state": begun.part("state"), "nonce": begun.part("nonce"),
            "code_challenge": begun.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        response = RedirectResponse(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", 303, HEADERS)
        secure = self._redirect(request).startswith("https:")
        response.set_cookie(
            UNDER_WAY, begun.cookie(), max_age=60 * MINUTES, path=SIGNED_IN, httponly=True, samesite="lax", secure=secure
        )
        return response

    async def back(self, request: Request) -> Response:
        """From the issuer, with a code for this very browser."""
        begun = under_way(request.cookies.get(UNDER_WAY, ""))
        try:
            session = await self._vouched_for(request, begun)
        except PortoptError as error:
            response = self._page(request, ROOT if begun is None else begun.to, error)
        else:
            response = with_session(RedirectResponse(begun.to if begun else ROOT, 303, HEADERS), request, session)
        response.delete_cookie(UNDER_WAY, path=SIGNED_IN)
        return response

    async def _vouched_for(self, request: Request, begun: UnderWay | None) -> Session:
        issuer, given = self._service.runtime.issuer, request.query_params
        if issuer is None or begun is None or not begun.is_told_by(given.get("state", "")):
            raise NotAuthenticated("this is not the end of a sign-in that this browser began", fixes=["sign in once more"])
        code = given.get("code", "")
        if not code or len(code) > 4_096:
            raise NotAuthenticated("the issuer did not sign you in", fixes=["sign in once more"])
        token = await asyncio.to_thread(issuer.id_token, code, begun.part("verifier"), self._redirect(request))
        who = await asyncio.to_thread(self._sessions.access.signed_in, token, begun.part("nonce"))
        return await self._sessions.begun(who)

    async def out(self, request: Request) -> Response:
        """What the browser has opens nothing any more."""
        session = await self._sessions.of(request)
        require_from_here(request.headers, await form_of(request), session, self._ours)
        await self._sessions.end(session)
        return with_session(RedirectResponse(SIGN_IN, 303, HEADERS), request, Session(new_id(), session.who, new=True))

    def _redirect(self, request: Request) -> str:
        """The address that is registered with the issuer."""
        ours = self._ours or f"{request.url.scheme}://{request.url.netloc}"
        return ours.rstrip("/") + SIGNED_IN

    @property
    def _ours(self) -> str | None:
        return self._service.runtime.settings.public_url
