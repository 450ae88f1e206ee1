"""A client made from the OpenAPI document alone: it knows no address, no method and no field that is not in there.

Whatever the document is wrong about (a path, a parameter, a type, a status) is an error here, as it is in a generated client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx
import jsonschema

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True)
class Reply:
    """What came back, once the document has been found to say so."""

    status: int
    data: Any
    headers: Mapping[str, str]


class DocumentClient:
    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60.0)
        self.document: dict[str, Any] = self.http.get("/api/v1/openapi.json").json()
        (server,) = self.document["servers"]
        self.base: str = server["url"]
        self.operations = {
            told["operationId"]: (method, path, told)
            for path, item in self.document["paths"].items()
            for method, told in item.items()
        }

    def call(self, name: str, *, body: Any = None, content_type: str = JSON, **values: Any) -> Reply:
        """An operation by its id. values: its parameters, hyphens as underscores. body: JSON, or bytes of another type."""
        method, path, told = self.operations[name]
        query, headers = {}, {}
        for parameter in map(self._resolved, told["parameters"]):
            given = values.pop(parameter["name"].replace("-", "_").lower(), None)
            if given is None:
                assert not parameter.get("required"), f"{name} needs {parameter['name']}"
                continue
            self._conforms(given, parameter["schema"])
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(str(given), safe=""))
            else:
                (query if parameter["in"] == "query" else headers)[parameter["name"]] = str(given)
        assert not values, f"{name} has no parameters {list(values)}"
        sent = self._body(told, body, content_type)
        return self._read(told, self.http.request(method, self.base + path, params=query, **_with(sent, headers)))

    def _body(self, told: Mapping[str, Any], body: Any, content_type: str) -> dict[str, Any]:
        if body is None:
            assert not told.get("requestBody", {}).get("required"), "a body is needed"
            return {}
        shape = told["requestBody"]["content"][content_type]
        if content_type != JSON:
            return {"content": body, "headers": {"Content-Type": content_type}}
        self._conforms(body, shape["schema"])
        return {"json": body}

    def _read(self, told: Mapping[str, Any], response: httpx.Response) -> Reply:
        answer = self._resolved(told["responses"][str(response.status_code)])
        kind = response.headers["content-type"].partition(";")[0]
        data = response.content
        if kind in (JSON, PROBLEM):
            data = response.json()
            self._conforms(data, answer["content"][kind]["schema"])
        return Reply(response.status_code, data, response.headers)

    def followed(self, name: str, reply: Reply, link: str, **values: Any) -> Reply:
        """The link that the document gives a reply of this operation, with the values that it takes from the body."""
        _, _, told = self.operations[name]
        said = told["responses"][str(reply.status)]["links"][link]
        taken = {place: _taken(expression, reply.data) for place, expression in said["parameters"].items()}
        return self.call(said["operationId"], **taken, **values)

    def _conforms(self, value: Any, schema: Mapping[str, Any]) -> None:
        components = {"components": self.document["components"]}
        jsonschema.Draft202012Validator({**schema, **components}).validate(value)

    def _resolved(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in found:
            return found
        place: Any = self.document
        for name in found["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        resolved: Mapping[str, Any] = place
        return resolved


def _with(sent: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    return {**sent, "headers": {**sent.get("headers", {}), **headers}}


def _taken(expression: str, body: Any) -> Any:
    """`$response.body#/a/b` of a body."""
    pointer = expression.removeprefix("$response.body#/")
    assert pointer != expression, expression
    for name in pointer.split("/"):
        body = body[int(name)] if isinstance(body, list) else body[name]
    return body
