"""Who asks, and what they may: scopes, and the portfolios they may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Each says what it opens; none opens another.
SCOPES = {
    "ask": "questions that bring their own beliefs",
    "read": "portfolios, runs and what they rest on",
    "propose": "optimizations, frontiers and rebalances of a portfolio",
    "import": "portfolios, holdings, prices, beliefs and policies",
    "approve": "the decision on a proposal",
    "watch": "acknowledging and silencing alerts",
    "admin": "keys, the state of the service, support bundles",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks, as an API key or a token says. portfolios: ids; None is every portfolio."""

    subject: str
    scopes: frozenset[str] = frozenset()
    portfolios: frozenset[str] | None = frozenset()

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def sees(self, portfolio_id: str) -> bool:
        return self.portfolios is None or portfolio_id in self.portfolios


# Where no keys and no tokens are configured the service listens on loopback alone, and whoever is there is this.
ANYONE_HERE = Principal("local", frozenset(SCOPES), None)

_SEEN: ContextVar[frozenset[str] | None] = ContextVar("portfolios_seen", default=None)


@contextmanager
def restricted_to(portfolios: frozenset[str] | None) -> Iterator[None]:
    """Within it, stores that can show and take rows of these portfolios alone; None: of every one.

    A second wall behind the doors' own checks. It holds for this thread, or this task of an event loop, and not for threads
    that are begun within it.
    """
    token = _SEEN.set(portfolios)
    try:
        yield
    finally:
        _SEEN.reset(token)


def restriction() -> frozenset[str] | None:
    """The portfolios that are seen now; None where nothing is restricted."""
    return _SEEN.get()


_ASKING: ContextVar[str] = ContextVar("subject_asking", default="")


@contextmanager
def asked_by(subject: str) -> Iterator[None]:
    """Within it, what is put on record was done for this subject. It holds as far as `restricted_to` does."""
    token = _ASKING.set(subject)
    try:
        yield
    finally:
        _ASKING.reset(token)


def asker() -> str:
    """For whom something is done now; empty where nobody said so."""
    return _ASKING.get()
