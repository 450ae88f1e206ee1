"""What is tried against the people at the console, and refused: forged requests, markup in names, frames, fixed sessions, more
than a role may, sign-ins led astray, forms and names that are no such thing.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from integration.console.conftest import MARKUP, SCOPES, Morning
from integration.console.visiting import SESSION, Visitor

from portopt.domain.access import Principal
from portopt.doors.console.screens import SCREENS, Screen

ELSEWHERE = "https://elsewhere.example"
SOLVED = ("/alternatives", "/trades/", "/refused/", "/limits/", "/what-if", "/edit", "/replay")  # ask for seconds of work
FORM = {"locale": "de_DE"}
READER = Principal("reader", frozenset({"read"}), None)


def address(screen: Screen, morning: Morning) -> str:
    """Of a screen, its places filled with what there is."""
    there = {"run_id": morning.run_id, "wave_id": morning.wave_id, "policy_id": "quality_focused", "catalog": "limits",
             "name": "max_weight", "kind": "backtest"}  # fmt: skip
    filled = re.sub(r"\{(\w+)(?::path)?\}", lambda found: there.get(found[1], "A000"), screen.path)
    return f"/console{filled}"


# --- forged requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"origin": ELSEWHERE}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
    ids=str,
)
def test_a_form_of_another_site_is_refused_even_with_the_token(morning: Morning, headers: dict[str, str]) -> None:
    visitor = morning.visitor("read")
    refused = visitor.send("/console/settings", FORM, "/console/settings", **headers)
    assert refused.status_code == 403
    assert "portopt_reader" not in refused.headers.get("set-cookie", "")


@pytest.mark.parametrize("path", ["/console/settings", "/console/sign-out", "/console/sign-in"])
def test_a_form_without_the_token_of_its_session_is_refused(morning: Morning, path: str) -> None:
    visitor, other = morning.visitor("read"), morning.visitor("read")
    stolen = other.token("/console/settings")
    for token in ({}, {"csrf": ""}, {"csrf": stolen}, {"csrf": "é"}):
        assert visitor.ask("POST", path, data={**FORM, **token}).status_code == 403
    assert visitor.get("/console/settings").status_code == 200


def test_every_screen_that_changes_something_wants_the_token(morning: Morning) -> None:
    visitor = morning.visitor()
    for screen in SCREENS:
        if screen.method == "POST":
            assert visitor.ask("POST", address(screen, morning), data={"decision": "approve"}).status_code == 403, screen.path


def test_nothing_is_changed_by_looking(morning: Morning) -> None:
    """A link or a picture of another site may ask for any address: none of these is more than a look."""
    visitor = morning.visitor()
    for path in ("/console/sign-out", f"/console/waves/{morning.wave_id}/cancel"):
        assert visitor.get(path).status_code == 405
    assert visitor.get("/console/settings").status_code == 200


# --- markup in what is shown --------------------------------------------------------------------------------------------------


class Scripts(HTMLParser):
    """Elements that run or load something, and attributes that do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if (tag == "script" and not of.get("src", "").startswith("/console/static/")) or tag in (
            "img",
            "iframe",
            "object",
            "style",
        ):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in of if name.startswith("on") or name == "style"]
        self.found += [
            f"{tag} {of['href']}" for name in of if name == "href" and of["href"].lower().startswith(("javascript:", "data:"))
        ]


def scripts_in(page: str) -> list[str]:
    parser = Scripts()
    parser.feed(page)
    return parser.found


def run_by(answer: httpx.Response) -> list[str]:
    """What a browser would run of it: of what is told to be no page, and is not to be taken for one, nothing."""
    if answer.headers["x-content-type-options"] == "nosniff" and "html" not in answer.headers.get("content-type", ""):
        return []
    return scripts_in(answer.text)


def test_the_parser_of_this_test_finds_what_it_should() -> None:
    assert scripts_in(f'<a href="{MARKUP}"></a><a href="JavaScript:x">') == ["script", "img", "img onerror", "a JavaScript:x"]


def test_markup_in_names_stays_text_on_every_screen(morning: Morning) -> None:
    """Of portfolios, assets, causes, who did it; 49 is what a template would have made of it."""
    visitor, seen = morning.visitor(), 0
    for screen in SCREENS:
        if screen.method == "GET" and not screen.path.endswith("events") and not any(part in screen.path for part in SOLVED):
            page = visitor.get(address(screen, morning))
            assert run_by(page) == [], screen.path
            seen += "&lt;script&gt;" in page.text
    assert seen >= 3
    assert "{{ 7 * 7 }}" in visitor.get("/console").text


@pytest.mark.parametrize(
    "path",
    [
        *("/console?search=", "/console?tiles=", "/console?sort=", "/console/runs/", "/console/waves/", "/console/propose?p."),
        *("/console/sign-in?to=", "/console/static/", "/console/said/"),
    ],
)
def test_markup_in_addresses_stays_text(morning: Morning, path: str) -> None:
    assert run_by(morning.visitor().get(path + quote(MARKUP, safe=""))) == []


def test_pages_run_files_of_ours_alone_and_stand_in_no_frame(morning: Morning) -> None:
    visitor = morning.visitor()
    pages = [visitor.get(path) for path in ("/console", "/console/settings", "/console/runs/none")]
    pages += [Visitor(morning.app).get("/console/sign-in")]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"  # none at all makes a browser's own forms look foreign
        assert "<style" not in page.text
        assert not re.search(r"<[^>]*\sstyle=", page.text)


# --- sessions -----------------------------------------------------------------------------------------------------------------


def test_a_session_that_was_put_into_a_browser_is_not_the_one_that_is_signed_in(morning: Morning) -> None:
    fixed, (_, key) = "A" * 43, morning.runtime.keys.create(READER)
    victim = Visitor(morning.app)
    victim.cookies.set(SESSION, fixed, domain="desk.example", path="/console")
    assert victim.sign_in(key).status_code == 303
    assert victim.session != fixed
    attacker = Visitor(morning.app)
    attacker.cookies.set(SESSION, fixed, domain="desk.example", path="/console")
    assert attacker.get("/console/settings").status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "../" * 14, "A" * 4_000])
def test_a_session_that_nobody_began_opens_nothing(morning: Morning, cookie: str) -> None:
    visitor = Visitor(morning.app)
    assert visitor.get("/console", cookie=f"{SESSION}={cookie}").status_code == 303


@pytest.mark.parametrize(
    "to",
    [
        *(ELSEWHERE, "//elsewhere.example", "/\\elsewhere.example", "/console@elsewhere.example", "/consoleelsewhere"),
        *(
            "/console/../docs",
            "/console/%2e%2e/docs",
            "javascript:alert(1)",
            "/console/\r\nSet-Cookie: a=b",
            "/console/sign-in",
        ),
        "/api/v1/runs",
    ],
)
def test_a_sign_in_leads_nowhere_else(morning: Morning, to: str) -> None:
    _, key = morning.runtime.keys.create(READER)
    assert Visitor(morning.app).sign_in(key, to).headers["location"] == "/console"


# --- roles --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
def test_a_screen_is_for_whoever_has_its_scope(morning: Morning, scope: str) -> None:
    """Each screen as each scope: what is sent all the same is refused, whatever the page offered."""
    visitor = morning.visitor(scope)
    token = visitor.token("/console/settings") if scope == "read" else None
    for screen in SCREENS:
        if screen.scope == scope or screen.path.endswith("events"):
            continue
        if screen.method == "GET":
            assert visitor.get(address(screen, morning)).status_code == 403, screen.path
        elif token is not None:
            sent = visitor.ask("POST", address(screen, morning), data={"csrf": token, "decision": "approve"})
            assert sent.status_code == 403, screen.path


def test_what_somebody_may_not_do_is_not_offered(morning: Morning) -> None:
    reader, proposer = morning.visitor("read"), morning.visitor("read", "propose")
    assert 'type="checkbox"' not in reader.get("/console").text
    assert "/console/propose" not in reader.get("/console").text
    assert 'name="p.P-quiet"' in proposer.get("/console").text
    decide = f"/console/runs/{morning.run_id}/decide"
    assert 'value="approve"' not in proposer.get(decide).text


def test_a_portfolio_that_is_not_theirs_is_on_no_screen(morning: Morning) -> None:
    visitor = morning.visitor("read", "propose", portfolios=frozenset({"P-quiet"}))
    page = visitor.get("/console").text
    assert "Quiet" in page
    assert "Drifted" not in page
    assert "Drifted" not in visitor.get("/console/propose?p.P-drifted=on").text
    assert visitor.get(f"/console/runs/{morning.run_id}").status_code == 404
    form = {"cause": "mine", "p.P-drifted": "on", "key": "k-foreign-1"}
    assert visitor.send("/console/propose", form, "/console/propose").status_code == 404


# --- forms and names ----------------------------------------------------------------------------------------------------------


def test_forms_are_bounded_and_are_forms(morning: Morning) -> None:
    visitor = morning.visitor("read")
    token = visitor.token("/console/settings")
    kind = {"content-type": "application/x-www-form-urlencoded"}

    def status(content: bytes, headers: dict[str, str] = kind) -> int:
        return visitor.ask("POST", "/console/settings", content=content, headers=headers).status_code

    assert status(b"csrf=" + token.encode() + b"&a=" + b"x" * 1_000_001) == 413
    assert status(b"&".join(b"a%d=1" % i for i in range(5_001))) == 400
    assert status(b"csrf=\xff") == 400
    assert status(f"csrf={token}&csrf={token}".encode()) == 422
    assert status(b'{"csrf": 1}', {"content-type": "application/json"}) == 400


@pytest.mark.parametrize(
    "name", ["nothing.js", "../serving.py", "%2e%2e/serving.py", "vendor/../../texts/en.toml", "", "vendor"]
)
def test_only_files_that_ship_are_given(morning: Morning, name: str) -> None:
    answer = Visitor(morning.app).get(f"/console/static/{name}")
    assert answer.status_code in (404, 422)
    assert "Screens" not in answer.text
