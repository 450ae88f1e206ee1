"""The reference: the OpenAPI document as one page that is read without a network, and without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from portopt.doors.rest.openapi import openapi_document
from portopt.doors.rest.pages.html import page, text
from portopt.doors.wire.problems import DOCS

MARKS = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
)
DEEPEST = 5  # of an object within an object
LONGEST_EXAMPLE = 6_000


@cache
def reference_page() -> bytes:
    document = openapi_document()
    schemas = document["components"]["schemas"]
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    index: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = operation["tags"][0]
            by_tag[tag].append(_operation(path, method, operation, document))
            index[tag].append(_entry(path, method, operation))
    sections = "".join(
        f"<h2 id='{_slug(tag['name'])}'>{text(tag['name'])}</h2><p class=soft>{_marked(tag['description'])}</p>"
        + "".join(by_tag[tag["name"]])
        for tag in document["tags"]
    )
    shapes = "".join(_shape(name, schema, schemas) for name, schema in schemas.items())
    info = document["info"]
    return page(
        "Reference",
        f"<p class=path>portopt {text(info['version'])} · <a href='/api/v1/openapi.json'>OpenAPI 3.1</a> · "
        f"<a href='{DOCS}'>Problems</a> · <a href='/readyz'>State</a> · <a href='/metrics'>Metrics</a></p>"
        f"<h1>{text(info['summary'])}</h1>{_paragraphs(info['description'])}{_index(index)}{sections}"
        f"<h2 id=schemas>Schemas</h2>{shapes}",
    )


def _index(index: Mapping[str, Sequence[str]]) -> str:
    groups = "".join(
        f"<section><h4><a href='#{_slug(tag)}'>{text(tag)}</a></h4>{''.join(entries)}</section>"
        for tag, entries in index.items()
    )
    return f"<h2>Operations</h2><p class=soft>Paths are under <code>/api/v1</code>.</p><div class=columns>{groups}</div>"


def _entry(path: str, method: str, operation: Mapping[str, Any]) -> str:
    name = text(operation["operationId"])
    return f"<p><span class='method {method}'>{method.upper()}</span><a href='#{name}'>{text(path)}</a></p>"


def _operation(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    name, components = text(operation["operationId"]), document["components"]
    head = (
        f"<summary><span class='method {method}'>{method.upper()}</span><code class=route>{text(path)}</code>"
        f"<span class=about>{text(operation['summary'])}</span></summary>"
    )
    said = operation["description"] if operation["description"] != operation["summary"] else ""
    about = f"<p>{_marked(said)}</p>" if said else ""
    facts = f"<p class=facts>scope <code>{text(operation['x-scope'])}</code> · operation <code>{name}</code></p>"
    parameters = [_resolved(parameter, components) for parameter in operation.get("parameters", [])]
    body = _body(operation.get("requestBody"), components["schemas"])
    return f"<details id={name}>{head}{about}{facts}{_parameters(parameters)}{body}{_responses(operation, document)}</details>"


def _resolved(told: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in told:
        return told
    kind, name = told["$ref"].removeprefix("#/components/").split("/", 1)
    found: Mapping[str, Any] = components[kind][name]
    return found


def _parameters(parameters: Sequence[Mapping[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = "".join(
        f"<tr><td><code>{text(p['name'])}</code><td>{p['in']}{', needed' if p.get('required') else ''}"
        f"<td>{_kind(p['schema'])}<td>{_marked(p.get('description', ''))}"
        for p in parameters
    )
    return f"<h4>Parameters</h4><div class=wide><table class=stacked><tbody>{rows}</table></div>"


def _body(told: Mapping[str, Any] | None, schemas: Mapping[str, Any]) -> str:
    if told is None:
        return ""
    kinds = ", ".join(f"<code>{text(kind)}</code>" for kind in told["content"])
    shape = next(iter(told["content"].values()))
    json_shape = told["content"].get("application/json", shape)
    return f"<h4>Body: {kinds}</h4>{_content(json_shape, schemas)}"


def _responses(operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    good, bad = [], []
    for status, told in operation["responses"].items():
        found = _resolved(told, document["components"])
        if "$ref" in told:
            bad.append(f"<a href='{DOCS}' title='{text(found['description'])}'>{status}</a>")
            continue
        shapes = "".join(
            f"<p class=soft><code>{text(kind)}</code></p>{_content(shape, document['components']['schemas'])}"
            for kind, shape in found.get("content", {}).items()
        )
        good.append(f"<h4>{status}: {_marked(found['description'])}</h4>{shapes}")
    return f"{''.join(good)}<p class=soft>Refusals: {', '.join(bad)}</p>"


def _content(shape: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    schema = _members(shape.get("schema", {}), schemas, 0)
    examples = [shape["example"]] if "example" in shape else [e["value"] for e in shape.get("examples", {}).values()]
    shown = "".join(f"<pre>{text(_short(example))}</pre>" for example in examples)
    return f"{schema}{shown}"


def _short(example: Any) -> str:
    told = json.dumps(example, indent=2, ensure_ascii=False)
    return told if len(told) <= LONGEST_EXAMPLE else told[:LONGEST_EXAMPLE] + "\n…"


def _shape(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    about = f"<p>{_marked(schema['description'])}</p>" if "description" in schema else ""
    head = f"<summary><code>{text(name)}</code></summary>"
    return f"<details id='schema-{text(name)}'>{head}{about}{_members(schema, schemas, 0)}</details>"


def _members(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> str:
    """A row a member; an object of its own by a link to its shape."""
    if "$ref" in schema or not schema.get("properties"):
        kind = _kind(schema)
        return "" if depth or not kind else f"<p>{kind}</p>"
    required = set(schema.get("required", ()))
    rows = "".join(_rows(schema["properties"], required, "", 0))
    return f"<div class=wide><table class=stacked><tbody>{rows}</table></div>"


def _rows(properties: Mapping[str, Any], required: set[str], before: str, depth: int) -> Iterator[str]:
    for name, schema in properties.items():
        needed = " <span class=soft>needed</span>" if name in required else ""
        yield (
            f"<tr><td><code>{text(before + name)}</code>{needed}<td>{_kind(schema)}<td>{_marked(schema.get('description', ''))}"
        )
        inner = schema if schema.get("properties") else schema.get("items", {})
        if isinstance(inner, Mapping) and inner.get("properties") and depth < DEEPEST:
            dots = f"{before}{name}{'' if inner is schema else '[]'}."
            yield from _rows(inner["properties"], set(inner.get("required", ())), dots, depth + 1)


def _kind(schema: Mapping[str, Any]) -> str:
    """In a few words: number from 0 to 1, list of …"""
    if "$ref" in schema:
        name = text(schema["$ref"].rpartition("/")[2])
        return f"<a href='#schema-{name}'>{name}</a>"
    for word, joined in (("oneOf", " or "), ("anyOf", " or ")):
        if word in schema:
            return joined.join(filter(None, (_kind(one) for one in schema[word])))
    if "enum" in schema:
        return " · ".join(f"<code>{text('null' if word is None else word)}</code>" for word in schema["enum"])
    kinds = schema.get("type", "")
    named = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "array" in kinds and isinstance(schema.get("items"), Mapping) and schema["items"]:
        named = named.replace("array", f"list of {_kind(schema['items']) or 'anything'}")
    return named + _range(schema)


def _range(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum")
    if low is not None and high is not None:
        return f" {low:g} to {high:g}"
    return f" from {low:g}" if low is not None else f" to {high:g}" if high is not None else ""


def _paragraphs(told: str) -> str:
    return "".join(f"<p>{_marked(part)}</p>" for part in told.strip().split("\n\n"))


def _marked(told: str) -> str:
    """Text with `code` and **weight**."""
    found = text(told)
    for mark, as_html in MARKS:
        found = mark.sub(as_html, found)
    return found


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())
