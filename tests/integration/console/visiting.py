"""Somebody with a browser, as far as the console looks at one: cookies are kept, forms bear the token of their page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

TOKEN = re.compile(r'name="csrf" content="(\w+)"')
SESSION = "portopt_session"


@dataclass
class Visitor:
    app: FastAPI
    base: str = "http://desk.example"
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def token(self, page: str) -> str:
        """That forms of this page send."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None, page
        return found[1]

    def send(self, path: str, form: Mapping[str, str], page: str, **headers: str) -> httpx.Response:
        """A form of a page, with its token."""
        data = {"csrf": self.token(page), **form}
        return self.ask("POST", path, data=data, headers={"origin": self.base, "sec-fetch-site": "same-origin", **headers})

    def sign_in(self, key: str, to: str = "") -> httpx.Response:
        return self.send("/console/sign-in", {"key": key, "to": to}, "/console/sign-in")

    @property
    def session(self) -> str | None:
        return self.cookies.get(SESSION)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **what: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
                answer = await client.request(method, path, headers=dict(headers or {}), **what)
                self.cookies = client.cookies
                return answer

        return asyncio.run(sent())
