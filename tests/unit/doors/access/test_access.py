"""Who asks, from headers; and what an installation refuses to start on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from portopt.domain.access import ANYONE_HERE, Principal
from portopt.domain.errors import MissingInput, NotAllowed, NotAuthenticated, RequestError
from portopt.doors.access.access import Access, credential
from portopt.doors.access.keys import MOST, REMEMBERED, KeyChecks
from portopt.doors.access.listening import is_loopback
from portopt.runtime import Runtime
from portopt.settings import Settings

DESK = Principal("desk", frozenset({"ask"}), frozenset({"P1"}))


def access(home: Path, **settings: object) -> Access:
    return Access(Runtime(Settings(home=home, **settings)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_told_by_how_it_is_written(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "localhost.example", "127.0.0.1.example", "1", "127.1"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "portopt.example"])
def test_open_access_does_not_start_where_other_machines_reach_it(tmp_path: Path, host: str) -> None:
    with pytest.raises(RequestError, match="reached from other machines") as refused:
        access(tmp_path, http_host=host)
    assert refused.value.field == "PORTOPT_HTTP_HOST"
    access(tmp_path, http_host=host, access="keys")


def test_open_access_says_so_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        access(tmp_path)
    assert "access is open" in caplog.text
    caplog.clear()
    access(tmp_path, access="keys")
    assert not caplog.text


def test_half_of_what_tokens_need_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="PORTOPT_OIDC_AUDIENCE and PORTOPT_OIDC_KEYS not set"):
        access(tmp_path, oidc_issuer="https://issuer.example")


def test_whoever_is_on_this_machine_is_anyone(tmp_path: Path) -> None:
    opened = access(tmp_path)
    for headers in (
        {},
        {"host": "127.0.0.1:8000"},
        {"host": "[::1]:8000"},
        {"host": "localhost", "origin": "http://localhost:3000"},
    ):
        assert opened.principal_of(headers) is ANYONE_HERE


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:8000"},
        {"host": "127.0.0.1:8000", "origin": "https://page.example"},
        {"host": "127.0.0.1:8000", "origin": "null"},
        {"host": "[::1"},
    ],
)
def test_a_page_of_another_place_gets_nothing_from_this_machine(tmp_path: Path, headers: dict[str, str]) -> None:
    with pytest.raises(NotAllowed, match="another place"):
        access(tmp_path).principal_of(headers)


def test_without_a_key_nobody_comes_in_where_keys_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NotAuthenticated, match="needs an API key or a token"):
        access(tmp_path, access="keys").principal_of({"host": "127.0.0.1"})


def test_a_credential_that_came_counts_even_where_none_is_needed(tmp_path: Path) -> None:
    with pytest.raises(NotAuthenticated, match="no issuer"):
        access(tmp_path).principal_of({"authorization": "Bearer a.b.c"})


def test_a_key_comes_in_either_header() -> None:
    assert credential({"authorization": "bearer  pok_1 "}) == "pok_1"
    assert credential({"x-api-key": "pok_1"}) == "pok_1"
    assert credential({"x-api-key": "pok_1", "authorization": "Bearer pok_1"}) == "pok_1"
    assert credential({}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic eDp5"},
        {"authorization": "Bearer"},
        {"authorization": ""},
        {"x-api-key": "a", "authorization": "Bearer b"},
    ],
)
def test_what_is_no_bearer_or_is_two_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthenticated):
        credential(headers)


class Store:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked, self.keys = 0, {"pok_1": DESK}

    def verify(self, key: str) -> Principal | None:
        self.asked += 1
        return self.keys.get(key)


def test_a_key_is_remembered_for_two_seconds_and_a_revocation_wins_after_them() -> None:
    store, now = Store(), [0.0]
    checks = KeyChecks(lambda: store, lambda: now[0])  # type: ignore[arg-type, return-value]
    for _ in range(10):
        assert checks.principal("pok_1") == DESK
    assert store.asked == 1
    del store.keys["pok_1"]
    assert checks.principal("pok_1") == DESK
    now[0] += REMEMBERED
    with pytest.raises(NotAuthenticated, match="revoked"):
        checks.principal("pok_1")


def test_a_wrong_key_is_not_remembered_and_no_number_of_keys_fills_the_memory() -> None:
    store = Store()
    checks = KeyChecks(lambda: store)  # type: ignore[arg-type, return-value]
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            checks.principal("pok_2")
    assert store.asked == 2
    store.keys |= {f"pok_{i}": DESK for i in range(2 * MOST)}
    for i in range(2 * MOST):
        checks.principal(f"pok_{i}")
        assert len(checks._known) <= MOST


@pytest.mark.parametrize("key", ["pok_" + "x" * 200, "pok_é", "pok_\x00", "pok_\ud800"])
def test_what_cannot_be_a_key_does_not_reach_the_store(key: str) -> None:
    store = Store()
    with pytest.raises(NotAuthenticated):
        KeyChecks(lambda: store).principal(key)  # type: ignore[arg-type, return-value]
    assert store.asked == 0
