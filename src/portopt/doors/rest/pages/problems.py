"""One page for every kind of problem, made from its class: what it means, what it looks like, what fixes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import PortoptError, UnknownThing
from portopt.doors.rest.pages.examples import EXAMPLES, Example
from portopt.doors.rest.pages.html import page, text
from portopt.doors.wire.problems import DOCS, told_of

REQUEST_ID = "req-0f2c4be1a6d24c0e9d5e8f7a6b3c2d10"


def kinds() -> dict[str, type[PortoptError]]:
    """Every code that this service says, with the class whose words its page has: that of its example, by status and code."""
    found = {code: type(example.error) for code, example in EXAMPLES.items()}
    return dict(sorted(found.items(), key=lambda item: (item[1].status, item[0])))


def example_of(code: str) -> dict[str, Any]:
    """A problem object as it leaves. Raises UnknownThing."""
    return told_of(_example(code).error, request_id=REQUEST_ID, instance=_example(code).instance)


def _example(code: str) -> Example:
    if code not in EXAMPLES:
        raise UnknownThing("kind of problem", code, field="code", fixes=[f"{DOCS} lists them all"])
    return EXAMPLES[code]


def problem_page(code: str) -> bytes:
    """Raises UnknownThing for a code that nothing has."""
    example, kind = _example(code), kinds()[code]
    meaning = (kind.__doc__ or "").partition("\n\n")[0].strip()
    return page(
        kind.title,
        f"<p class=path><a href='/docs'>Reference</a> · <a href='{DOCS}'>Problems</a></p>"
        f"<h1>{text(kind.title)}</h1><p class=facts><code>{text(code)}</code> status {kind.status}"
        f" · exit code {kind.exit_code} at the command line</p>"
        f"<h2>What it means</h2><p>{text(meaning)}</p>"
        f"<h2>What to do</h2><p>{text(example.advice)}</p>"
        f"<h2>What it looks like</h2><pre>{text(json.dumps(example_of(code), indent=2, ensure_ascii=False))}</pre>{_members()}",
    )


def problems_page() -> bytes:
    """The list of all of them."""
    rows = "".join(
        f"<tr><td>{kind.status}<td><a href='{DOCS}{code}'><code>{text(code)}</code></a><td>{text(kind.title)}"
        for code, kind in kinds().items()
    )
    return page(
        "Problems",
        "<p class=path><a href='/docs'>Reference</a></p><h1>Problems</h1>"
        "<p>Whatever goes wrong is told as a problem object (RFC 9457, <code>application/problem+json</code>) with a code that "
        "stays the same, over REST, gRPC and at the command line.</p>"
        f"<table><thead><tr><th>Status<th>Code<th>Title</thead>{rows}</table>{_members()}",
    )


MEMBERS: Mapping[str, str] = {
    "code": "which kind of problem: stable, to be compared with; type is the same as a URN",
    "detail": "one sentence: what is wrong with this request",
    "asked": "where in the request (field) and what stood there (value); both null where it is none of its fields",
    "measured": "facts that were measured, by name",
    "fixes": "sentences, each a fix; of an infeasible request each was solved before it was named",
    "instance": "the address that was called; of a member of a batch with its place",
    "request_id": "of this call: X-Request-Id, also in the log",
    "doc_url": "this page",
}


def _members() -> str:
    rows = "".join(f"<tr><td><code>{name}</code><td>{text(what)}" for name, what in MEMBERS.items())
    return f"<h2>Its members</h2><table>{rows}</table>"
