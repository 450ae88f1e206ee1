"""The OpenAPI document is valid, says everything of every operation, and its pages open without a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import httpx
import jsonschema
import pytest
from integration.service.serving import Served
from openapi_spec_validator import validate

from portopt.doors.rest.openapi import SCHEMAS, openapi_document
from portopt.doors.rest.pages.examples import EXAMPLES
from portopt.doors.rest.pages.problems import example_of, kinds
from portopt.doors.wire.call import JSON
from portopt.doors.wire.operations import OPERATIONS, Operation

DOCUMENT = openapi_document()
OF_EVERY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)


def told(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_schemas_are_there_for_every_operation_and_for_nothing_else() -> None:
    files = (resources.files(SCHEMAS) / "operations").iterdir()
    assert {file.name.removesuffix(".json") for file in files} == set(OPERATIONS)
    assert {told(operation)["operationId"] for operation in OPERATIONS.values()} == set(OPERATIONS)


@OF_EVERY_OPERATION
def test_an_operation_names_the_headers_that_it_reads(operation: Operation) -> None:
    named = {p["$ref"].rpartition("/")[2] for p in told(operation)["parameters"] if "$ref" in p}
    assert named >= {"X-Request-Timeout", "X-Correlation-Id", "traceparent"}
    assert ("If-None-Match" in named, "304" in told(operation)["responses"]) == (operation.method == "GET",) * 2
    assert ("Idempotency-Key" in named) == operation.keyed
    assert all(DOCUMENT["components"]["parameters"][name]["in"] == "header" for name in named)


@OF_EVERY_OPERATION
def test_an_operation_says_what_is_asked_and_what_is_answered(operation: Operation) -> None:
    found = told(operation)
    good = {status: reply for status, reply in found["responses"].items() if status.startswith("2")}
    assert good
    for reply in good.values():
        assert set(reply["content"]) == set(operation.gives)
        assert all(shape["schema"] for shape in reply["content"].values())
    assert all(parameter.get("description") for parameter in found["parameters"] if "$ref" not in parameter)
    assert {p["name"] for p in found["parameters"] if p.get("in") == "path"} == set(re.findall(r"{(\w+)}", operation.path))
    assert found["x-scope"] == operation.scope
    if "requestBody" in found:
        assert set(found["requestBody"]["content"]) == set(operation.takes)
        assert "example" in found["requestBody"]["content"][JSON]
    assert set(found["responses"]) >= {"400", "401", "403", "422", "500", "503"}


@OF_EVERY_OPERATION
def test_the_examples_are_what_the_schemas_say(operation: Operation) -> None:
    shapes = [shape for reply in told(operation)["responses"].values() for shape in reply.get("content", {}).values()]
    shapes += list(told(operation).get("requestBody", {}).get("content", {}).values())
    for shape in shapes:
        if "example" in shape:
            conforms(shape["example"], shape["schema"])


def conforms(value: Any, schema: Mapping[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_links_lead_to_operations_and_to_parameters_that_they_have() -> None:
    by_id = {op["operationId"]: op for item in DOCUMENT["paths"].values() for op in item.values()}
    links = [link for op in by_id.values() for reply in op["responses"].values() for link in reply.get("links", {}).values()]
    assert len(links) > 30
    for link in links:
        names = {parameter.get("name") for parameter in by_id[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) <= names


def test_every_kind_of_problem_has_an_example_of_its_own_and_a_page(sqlite_service: Served) -> None:
    for code, kind in kinds().items():
        conforms(example_of(code), DOCUMENT["components"]["schemas"]["Problem"])
        page = httpx.get(f"{sqlite_service.url}/docs/problems/{code}")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert all(word in page.text for word in (code, str(kind.status), "What it means", "What to do"))
    missing = httpx.get(f"{sqlite_service.url}/docs/problems/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_the_page_of_a_code_is_true_of_every_error_that_has_it() -> None:
    """In a process that loads what a serving one does: the command line's own errors are none of its kinds."""
    told = """
import json
from portopt.domain.errors import PortoptError
import portopt.doors.processes.serving, portopt.doors.wire.worker
def below(kind):
    yield kind
    for narrower in kind.__subclasses__():
        yield from below(narrower)
print(json.dumps([[kind.code, kind.status, kind.title] for kind in below(PortoptError)]))
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120)
    errors = json.loads(done.stdout)
    assert len(errors) > 20
    for code, status, title in errors:
        assert code in EXAMPLES
        assert (status, title) == (kinds()[code].status, kinds()[code].title)


@pytest.mark.parametrize("path", ["/docs", "/docs/problems/", "/docs/problems/infeasible"])
def test_a_page_needs_nothing_from_elsewhere_and_runs_no_script(sqlite_service: Served, path: str) -> None:
    page = httpx.get(sqlite_service.url + path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    tags = list(_tags(page.text))
    assert not {name for name, _ in tags} & {"script", "link", "img", "iframe", "object", "form"}
    anchors = {attributes["id"] for _, attributes in tags if attributes.get("id")}
    assert not any(attribute.startswith("on") for _, attributes in tags for attribute in attributes)
    places = {str(attributes["href"]) for name, attributes in tags if name == "a"}
    assert {place[1:] for place in places if place.startswith("#")} <= anchors
    elsewhere = sorted(place for place in places if not place.startswith("#"))
    assert all(place.startswith("/") for place in elsewhere)
    with httpx.Client(base_url=sqlite_service.url) as client:
        assert {place: client.get(place).status_code for place in elsewhere}.items() <= {
            (place, status) for place in elsewhere for status in (200, 503)
        }


def test_the_document_is_served_and_saved_by_its_tag(sqlite_service: Served) -> None:
    first = sqlite_service.client.get("/openapi.json")
    assert first.json() == DOCUMENT
    again = sqlite_service.client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _tags(page: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    yield from parser.found
