"""A service where keys are asked for, with two portfolios in it, and somebody of every kind who asks."""

from __future__ import annotations

import httpx
from integration.service import matrix
from integration.service.books import Book
from integration.service.matrix import Shared, Things
from integration.service.serving import Served

from portopt.domain.access import SCOPES, Principal
from portopt.doors.wire.operations import Operation

ALL = Principal("admin", frozenset(SCOPES), None)


class Doors:
    """One service where keys are asked for, with two portfolios in it; a client for each identity."""

    def __init__(self, served: Served, book: Book) -> None:
        self.served = served
        self.keys = served.runtime().keys
        self.clients: dict[str, httpx.Client] = {}
        admin = self.client("admin", ALL)
        self.mine = matrix.seeded(admin, "P-first-1", book)
        self.theirs = matrix.seeded(admin, "P-other-2", book)
        matrix.fired(served.runtime(), self.mine.portfolio_id, self.theirs.portfolio_id)
        run = admin.get("/runs").json()["runs"][0]
        beliefs = admin.post("/beliefs", json={"ids": ["A", "B"], "covariance": [[0.04, 0.0], [0.0, 0.09]]}).json()
        self.shared = Shared(run["pricing_pack_id"], beliefs["beliefs_id"], "eight", book)

    def client(self, name: str, who: Principal) -> httpx.Client:
        """A key is made once for each name."""
        if name not in self.clients:
            _, key = self.keys.create(who)
            self.clients[name] = self.with_key(key)
        return self.clients[name]

    def with_key(self, key: str | None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=f"{self.served.url}/api/v1", headers=headers, timeout=120.0)

    def ask(self, client: httpx.Client, operation: Operation, of: Things) -> httpx.Response:
        said = matrix.said(operation, of, self.shared)
        return client.request(operation.method, matrix.place(operation, of, self.shared), **said)

    def as_one(self, name: str, operation: Operation) -> httpx.Client:
        who = matrix.identities(operation, self.mine.portfolio_id)[name]
        assert who is not None
        return self.client(f"{name} {operation.scope}", who)
