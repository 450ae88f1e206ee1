"""`/watch` and `/metrics` where keys are asked for: the page, the JSON, and only the books that a key sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from integration.service.serving import Served
from integration.watch_surfaces.conftest import keep
from offline_page import Page

from portopt.domain.access import SCOPES, Principal
from portopt.domain.portfolio import Portfolio
from portopt.domain.watch import AlertState

MINE = "P-00003"


@pytest.fixture(scope="module")
def served(serving: Callable[..., Served]) -> Served:
    started = serving(access="keys", processes=1)
    keep(started.runtime())
    started.runtime().portfolios.save(Portfolio(MINE))
    return started


@pytest.fixture(scope="module")
def asking(served: Served) -> Callable[..., httpx.Response]:
    """asking(who, path, **parameters): of somebody who sees everything, one book, has another scope, or no key."""
    runtime = served.runtime()
    who = {
        "all": Principal("all", frozenset(SCOPES), None),
        "one": Principal("one", frozenset({"read"}), frozenset({MINE})),
        "other": Principal("other", frozenset({"ask"}), None),
    }
    keys = {name: runtime.keys.create(principal)[1] for name, principal in who.items()}

    def ask(name: str, path: str = "/watch", accept: str = "application/json", **parameters: str) -> httpx.Response:
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {keys[name]}"} if name in keys else {})
        return httpx.get(f"{served.url}{path}", params=parameters, headers=headers, timeout=60.0)

    return ask


def test_a_browser_gets_the_page_and_a_program_the_document(asking: Callable[..., httpx.Response]) -> None:
    page = asking("all", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    told = asking("all")
    assert (page.status_code, told.status_code) == (200, 200)
    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox allow-scripts" in page.headers["content-security-policy"]
    assert told.json()["kind"] == "watch"
    carried = Page(page.text).carried
    assert carried["books"]["shown"] == told.json()["books"]["shown"]
    assert carried["alerts"]["total"] == told.json()["alerts"]["total"] == 4


def test_who_sees_one_book_learns_of_that_one_alone(asking: Callable[..., httpx.Response]) -> None:
    told = asking("one").json()
    assert told["is_of_some"] is True
    assert [row["portfolio"] for row in told["books"]["shown"]] == [MINE]
    assert {row["portfolio"] for row in told["alerts"]["listed"]} == {MINE}
    assert told["service"] == told["stages"] == told["quality"] == []
    assert {row["matches"]["portfolio"] for row in told["silences"]} == {MINE}
    others = {f"P-{k:05d}" for k in range(12)} - {MINE} | {"P-all"}
    whole = json.dumps(told) + asking("one", accept="text/html").text
    assert sorted(name for name in others if name in whole) == []


def test_a_foreign_book_and_one_that_is_not_there_are_told_alike(asking: Callable[..., httpx.Response]) -> None:
    foreign, missing = (asking("one", portfolio=name).json() for name in ("P-00001", "P-00000000"))
    assert foreign["code"] == missing["code"] == "not_found"
    assert foreign["detail"].replace("P-00001", "X") == missing["detail"].replace("P-00000000", "X")
    mine = asking("all", portfolio=MINE).json()
    assert [row["portfolio"] for row in mine["books"]["shown"]] == [MINE]


def test_without_a_key_or_without_the_scope_nothing_is_told(asking: Callable[..., httpx.Response]) -> None:
    assert asking("nobody").status_code == 401
    refused = asking("other")
    assert (refused.status_code, refused.json()["asked"]["value"]) == (403, "read")


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"days": "0"}, "days"), ({"days": "x"}, "days"), ({"books": "1000"}, "books"), ({"book": "P"}, "book")],
)
def test_what_makes_no_sense_is_refused_by_name(
    asking: Callable[..., httpx.Response], parameters: dict[str, str], field: str
) -> None:
    refused = asking("all", **parameters)
    assert refused.status_code in (400, 422)
    assert refused.json()["asked"]["field"] == field


def test_what_is_not_accepted_is_not_sent(asking: Callable[..., httpx.Response]) -> None:
    assert asking("all", accept="image/png").status_code == 406


def test_metrics_name_books_for_an_administrator_alone(asking: Callable[..., httpx.Response]) -> None:
    texts = {name: asking(name, "/metrics", accept="*/*").text for name in ("nobody", "one", "other", "all")}
    assert {name: "P-0" in text for name, text in texts.items()} == {
        "nobody": False, "one": False, "other": False, "all": True,
    }  # fmt: skip
    assert all("portopt_books_rest" in texts[name] for name in ("nobody", "one", "other"))


def test_what_was_told_is_told_again_until_something_changes_and_no_longer(
    served: Served, asking: Callable[..., httpx.Response]
) -> None:
    before, again = asking("all"), asking("all")
    assert before.headers["etag"] == again.headers["etag"]
    (alert,) = [row for row in before.json()["alerts"]["listed"] if row["portfolio"] == MINE]
    served.runtime().alerts.acknowledge(alert["alert_id"], "desk", "being rebalanced")
    told = {row["alert_id"]: row["acknowledged_by"] for row in asking("all").json()["alerts"]["listed"]}
    assert told[alert["alert_id"]] == "desk"


def test_an_alert_about_what_is_gone_is_closed_by_who_sees_it_and_says_why(served: Served) -> None:
    runtime = served.runtime()
    gone = next(one for one in runtime.alerts.list(None) if one.state is AlertState.UNKNOWN)
    whole = Principal("desk", frozenset({"read", "watch"}), None)
    keys = {who.subject: runtime.keys.create(who)[1] for who in (
        whole, replace(whole, subject="other", portfolios=frozenset({"P-elsewhere"})),
        replace(whole, subject="reader", scopes=frozenset({"read"})),
    )}  # fmt: skip

    def closing(who: str, body: object) -> httpx.Response:
        return httpx.post(f"{served.url}/api/v1/alerts/{gone.alert_id}/closing", json=body, timeout=60.0,
                          headers={"Authorization": f"Bearer {keys[who]}"})  # fmt: skip

    assert closing("other", {"why": "sold"}).status_code == 404
    assert closing("reader", {"why": "sold"}).status_code == 403
    assert closing("desk", {}).status_code == 422
    closed = closing("desk", {"why": "liquidated"})
    assert closed.status_code == 200, closed.text
    assert (closed.json()["state"], closed.json()["closed_by"], closed.json()["closed_why"]) == (
        "resolved",
        "desk",
        "liquidated",
    )
    assert closing("desk", {"why": "liquidated"}).status_code == 409
