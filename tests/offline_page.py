"""An offline page as a machine reads it: tags, attributes, headings, scripts, exact and loose numbers, the document inside."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from portopt.domain.folding import unfolded

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}</script>'
VOID = {"meta", "link", "br", "img", "input", "hr", "circle", "line", "path", "rect"}


class Page(HTMLParser):
    """Tags as they open and close, attributes, headings, scripts, and every exact number beside its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.errors: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.exact: list[tuple[str, str]] = []
        self.headings: list[str] = []
        self.loose: list[str] = []  # text of numeric cells outside <data>
        self.numeric_cell = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "td" and "n" in (dict(attrs).get("class") or "").split():
            self.numeric_cell = len(self.open)
        if tag == "data":
            self.exact.append((dict(attrs)["value"], ""))
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-1:]}")
            return
        if len(self.open) == self.numeric_cell:
            self.numeric_cell = 0
        self.open.pop()

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            given, told = self.scripts[-1]
            self.scripts[-1] = (given, told + data)
        elif inside == "data":
            value, told = self.exact[-1]
            self.exact[-1] = (value, told + data)
        elif inside in ("h1", "h2", "h3"):
            self.headings[-1] += data
        elif self.numeric_cell and data.strip():
            self.loose.append(data.strip())

    @property
    def carried(self) -> Any:
        """The document inside, opened as the page's script opens it."""
        given, told = next((given, told) for given, told in self.scripts if given.get("id") == "data")
        return json.loads(unfolded(told) if "data-folded" in given else told)

    @property
    def texts(self) -> dict[str, str]:
        """What stands in scripts, by id, else by class; `code` without either."""
        found: dict[str, str] = {}
        for given, told in self.scripts:
            name = given.get("id") or given.get("class") or "code"
            found[name] = found.get(name, "") + told
        return found

    @property
    def folds(self) -> list[str]:
        """The tables that the page keeps compressed, as they stand there."""
        return [told for given, told in self.scripts if given.get("class") == "folded"]

    @property
    def every(self) -> list[Page]:
        """This page and the tables that it keeps compressed."""
        return [self, *(Page(unfolded(told)) for told in self.folds)]


def leaves(value: object) -> set[str]:
    """Every number and string of the JSON, spelled as JSON spells it."""
    if isinstance(value, dict):
        return set().union(*map(leaves, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(leaves, value)) if value else set()
    return {value if isinstance(value, str) else json.dumps(value)}


def hostile(value: Any) -> Any:
    """The document with every text that is no date, number or word of ours made hostile."""
    kept = {
        "kind",
        "status",
        "side",
        "date",
        "dates",
        "first",
        "last",
        "filled_on",
        "decided_on",
        "peak",
        "trough",
        "recovered",
        "when",
        "capital",
    }
    if isinstance(value, dict):
        return {name: item if name in kept else hostile(item) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE if isinstance(value, str) else value
