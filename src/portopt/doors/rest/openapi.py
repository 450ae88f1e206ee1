"""The OpenAPI 3.1 document, put together from the catalog and from what `schemas/` says of each operation.

    schemas/operations/NAME.json    tag, description, path, query, headers, request, responses (with links), by operation
    schemas/components/NAME.json    a JSON Schema (2020-12), named by its file

Whatever every operation has in common (problems, headers, credentials) is added here and written nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any, TypeAlias

from portopt.domain.access import SCOPES
from portopt.doors.rest.calls import LONGEST_TIME, SHORTEST_TIME
from portopt.doors.rest.pages.problems import example_of, kinds
from portopt.doors.wire.call import JSON, PROBLEM
from portopt.doors.wire.headers import SANE_ID
from portopt.doors.wire.operations import OPERATIONS, Operation

Object: TypeAlias = dict[str, Any]
SCHEMAS = "portopt.doors.rest.schemas"
DISTRIBUTION = "portfolio-optimization-service"
ALWAYS = (400, 401, 403, 406, 500, 502, 503, 504)
WITH_BODY = (413, 415)
HEADERS = ("X-Request-Timeout", "X-Correlation-Id", "traceparent")  # of every call
TAGS = {
    "Strategies": "Weights for a request that brings its own beliefs, answered at once.",
    "Optimizations": "What to trade in a portfolio: worked out later, looked at until it ends, approved by a person.",
    "Choices": "Alternatives, edits and what-ifs at their addresses: held against what is newest, saved, proposed.",
    "Histories": "Policies on past prices: backtests, walk-forwards, comparisons, worked out later, looked at until they end.",
    "Waves": "Proposals for many portfolios from one cause, each by its deadline, worked out later.",
    "Portfolios": "Portfolios and the versions of their holdings.",
    "Questions": "Questions about a request that brings its own beliefs.",
    "Data": "Prices and beliefs: uploaded once, named by their content from then on.",
    "Policies": "What is wanted and what is forbidden, by name and version.",
    "Runs": "What was done: documents, reports, replays, decisions.",
    "Watch": "Alerts, silences, and the figures that they rest on.",
    "Service": "The state of the service itself.",
}


@cache
def document_bytes() -> bytes:
    return json.dumps(openapi_document(), ensure_ascii=False).encode()


def openapi_document() -> Object:
    paths: dict[str, Object] = {}
    for operation in OPERATIONS.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = described(operation)
        if operation.watched:
            paths[f"{operation.path}/events"] = {"get": _stream(operation)}
    used = {tag for item in paths.values() for told in item.values() for tag in told["tags"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "portopt",
            "version": version(DISTRIBUTION),
            "summary": "Holdings, prices and a policy in; a certified, explained, executable rebalancing proposal out.",
            "description": _read("introduction.md"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items() if name in used],
        "paths": paths,
        "security": [{}, {"key": []}, {"bearer": []}],
        "components": {
            "schemas": _components(),
            "responses": {
                "304": _unchanged(),
                **{str(status): _problem(status) for status in sorted({kind.status for kind in kinds().values()})},
            },
            "parameters": _parameters(),
            "headers": _headers(),
            "securitySchemes": _credentials(),
        },
    }


def described(operation: Operation) -> Object:
    """One operation. Raises FileNotFoundError for one that `schemas/operations/` says nothing of."""
    told = _told(operation)
    query = [{"in": "query", **parameter} for parameter in told.get("query", [])]
    headers = [*told.get("headers", []), *(["Idempotency-Key"] if operation.keyed else []), *HEADERS]
    headers += ["If-None-Match"] if operation.method == "GET" else []
    found: Object = {
        "operationId": operation.name,
        "tags": [told["tag"]],
        "summary": operation.about,
        "description": told.get("description", "") or operation.about,
        "x-scope": operation.scope,
        "parameters": [*_places(operation.path, told), *query, *(_ref("parameters", name) for name in headers)],
        "responses": {
            **{status: _answer(operation, reply) for status, reply in told["responses"].items()},
            **({"304": _ref("responses", "304")} if operation.method == "GET" else {}),
            **{str(status): _ref("responses", str(status)) for status in _problems(operation, told)},
        },
    }
    if "request" in told:
        found["requestBody"] = {"required": told.get("required", True), "content": _content(operation.takes, told["request"])}
    return found


def _told(operation: Operation) -> Object:
    found: Object = json.loads(_read(f"operations/{operation.name}.json"))
    return found


def _problems(operation: Operation, told: Object) -> list[int]:
    """The statuses that a refusal may have here."""
    body = WITH_BODY if "request" in told else ()
    places = (404,) if "{" in operation.path or told.get("names_things") else ()
    many = (429,) if operation.works else ()
    return sorted({*ALWAYS, *body, *places, *many, 422, *told.get("problems", [])})


def _places(path: str, told: Object) -> list[Object]:
    about = told.get("path", {})
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 100},
         **(about[name] if isinstance(about.get(name), dict) else {"description": about.get(name, "")})}
        for name in names
    ]  # fmt: skip


def _answer(operation: Operation, told: Object) -> Object:
    headers = {name: _ref("headers", name) for name in ("X-Request-Id", "Server-Timing", *told.get("headers", []))}
    found: Object = {"description": told["description"], "headers": headers}
    if "schema" in told:
        found["content"] = _content(operation.gives, told)
    if "links" in told:
        found["links"] = told["links"]
    return found


def _content(kinds_of: Iterable[str], told: Object) -> Object:
    """The schema is that of the JSON; of another kind there are bytes."""
    shape = {name: told[name] for name in ("schema", "example", "examples") if name in told}
    bytes_: Object = {"schema": {"type": "string", "format": "binary"}}
    return {kind: shape if kind == JSON else bytes_ for kind in kinds_of}


def _stream(operation: Operation) -> Object:
    return {
        "operationId": f"watch_{operation.name.removeprefix('get_')}",
        "tags": [_told(operation)["tag"]],
        "summary": "The same as server-sent events, until it has ended.",
        "description": "Events `progress`, then `outcome` with the last state, or `problem`; a comment every 15 seconds keeps "
        "the connection open. An event's id is its content's: `Last-Event-ID` leaves out what was heard.",
        "x-scope": operation.scope,
        "parameters": [*_places(operation.path, _told(operation)), _ref("parameters", "Last-Event-ID")],
        "responses": {
            "200": {
                "description": "A stream of events.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **{str(status): _ref("responses", str(status)) for status in sorted({*ALWAYS, 404, 422, 429})},
        },
    }


def _unchanged() -> Object:
    headers = {name: _ref("headers", name) for name in ("X-Request-Id", "ETag")}
    return {"description": "What `If-None-Match` names is what there is: no body.", "headers": headers}


def _problem(status: int) -> Object:
    """A refusal with this status, with an example of each kind that has it."""
    codes = [code for code, kind in kinds().items() if kind.status == status]
    headers = {"X-Request-Id": _ref("headers", "X-Request-Id")}
    if status in (429, 502, 503):
        headers["Retry-After"] = _ref("headers", "Retry-After")
    return {
        "description": "; ".join(dict.fromkeys(kinds()[code].title for code in codes)) + ".",
        "headers": headers,
        "content": {
            PROBLEM: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": example_of(code)} for code in codes},
            }
        },
    }


def _components() -> Object:
    folder = resources.files(SCHEMAS) / "components"
    found = {file.name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for file in folder.iterdir()}
    return dict(sorted(found.items()))


def _read(name: str) -> str:
    return resources.files(SCHEMAS).joinpath(*name.split("/")).read_text("utf-8")


def _ref(kind: str, name: str) -> Object:
    return {"$ref": f"#/components/{kind}/{name}"}


def _parameters() -> Object:
    about: Mapping[str, tuple[str, Object]] = {
        "Idempotency-Key": (
            "The same key with the same request gives the first answer again; with another request it is refused.",
            {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]{1,200}$"},
        ),
        "X-Request-Timeout": (
            "Seconds in which an answer is of use; the work ends with them.",
            {"type": "number", "minimum": SHORTEST_TIME, "maximum": LONGEST_TIME},
        ),
        "Prefer": (
            "`wait=n`: wait so many seconds for what has not ended yet. `respond-async`: an address to look at, at once.",
            {"type": "string", "examples": ["wait=10"]},
        ),
        "If-None-Match": (
            "`ETag`s of answers that are there already, by commas: where one is the newest, 304 comes without a body.",
            {"type": "string", "examples": ['"0f343b0931126a20f133d67c2b018a3b"']},
        ),
        "X-Correlation-Id": (
            "Names what this call is a part of: runs and jobs are found by it, and it comes back.",
            {"type": "string", "minLength": 1, "maxLength": 100, "pattern": f"^{SANE_ID.pattern}$"},
        ),
        "traceparent": (
            "W3C Trace Context; what is none is left aside.",
            {"type": "string", "examples": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]},
        ),
        "Last-Event-ID": ("The last event that was heard.", {"type": "string", "maxLength": 100}),
    }
    return {
        name: {"name": name, "in": "header", "required": False, "description": what, "schema": schema}
        for name, (what, schema) in about.items()
    }


def _headers() -> Object:
    about: Mapping[str, tuple[str, Object]] = {
        "X-Request-Id": ("Of this call: the one that came, or a new one.", {"type": "string"}),
        "Server-Timing": ("Milliseconds by stage of the work.", {"type": "string"}),
        "Location": ("Where to look at it.", {"type": "string"}),
        "Retry-After": ("Seconds until it makes sense to ask again.", {"type": "string", "pattern": "^[0-9]+$"}),
        "ETag": ("Changes with the content; `If-None-Match` saves the body.", {"type": "string"}),
        "Idempotency-Replayed": ("`true` where this answer was given before.", {"type": "string"}),
        "Preference-Applied": ("Which preference was kept.", {"type": "string"}),
    }
    return {name: {"description": what, "required": False, "schema": schema} for name, (what, schema) in about.items()}


def _credentials() -> Object:
    scopes = "; ".join(f"`{name}`: {what}" for name, what in SCOPES.items())
    return {
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": f"An API key. Scopes: {scopes}."},
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the configured issuer."},
    }
