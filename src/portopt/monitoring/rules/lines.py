"""YAML of which every value knows its line and every fault is kept, so that one reading tells all that is wrong with a file.

Only what YAML shares with JSON: no tags, no anchors, no key twice. Nothing is constructed but text, lists and mappings.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from portopt.domain.errors import RequestError

LARGEST_FILE = 1_000_000  # characters
MOST_VALUES = 50_000
DEEPEST_FILE = 20


class RulesRefused(RequestError):
    """Rules that are not in force, with everything that is wrong with them: file, line, field."""

    code = "rules_refused"
    title = "The alert rules cannot be used"

    def __init__(self, faults: list[Fault]) -> None:
        first = [one.words() for one in faults[:10]]
        more = [f"and {len(faults) - 10} more"] if len(faults) > 10 else []
        super().__init__(
            "; ".join([*first, *more]),
            field=faults[0].field or None,
            measured={"faults": [{"file": f.file, "line": f.line, "field": f.field, "what": f.what} for f in faults]},
            fixes=["`portopt rules test FILE` says whether it is sound"],
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Fault:
    file: str
    line: int
    field: str
    what: str

    def words(self) -> str:
        return f"{self.file}:{self.line}: {f'{self.field}: ' if self.field else ''}{self.what}"


@dataclass(slots=True)
class Faults:
    """What is wrong so far."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, where: str, what: str) -> None:
        self.found.append(Fault(self.file, line, where, what))

    def refuse(self) -> None:
        """Raises RulesRefused where there is any, in the order of the lines."""
        if self.found:
            raise RulesRefused(sorted(self.found, key=lambda one: (one.file, one.line)))


@dataclass(frozen=True, slots=True)
class Value:
    """A value where it stands. node: YAML's own; where: its dotted path."""

    node: Any
    where: str
    faults: Faults

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def wrong(self, what: str) -> None:
        self.faults.add(self.line, self.where, what)

    def text(self) -> str | None:
        """A scalar as it is written, numbers too; None, and a fault, for anything else."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag != "tag:yaml.org,2002:null":
            return str(self.node.value)
        self.wrong("a text is needed here")
        return None

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def items(self) -> Iterator[Value]:
        """Of a list, in order."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list is needed here")
            return
        for place, node in enumerate(self.node.value):
            yield Value(node, f"{self.where}[{place}]", self.faults)

    def fields(self, known: Collection[str] | None = None) -> dict[str, Value]:
        """Of a mapping, by name; a name that is not known is a fault, with the nearest one."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong(": ".join(["fields are needed here", *([", ".join(known)] if known else [])]))
            return {}
        found: dict[str, Value] = {}
        for key, node in self.node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            value = Value(node, f"{self.where}.{name}" if self.where else name, self.faults)
            if name in found:
                self.faults.add(key.start_mark.line + 1, value.where, "stands here twice")
            elif known is not None and name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
                self.faults.add(key.start_mark.line + 1, value.where, f"is no field; {hint}")
            else:
                found[name] = value
        return found


def read_yaml(text: str, file: str) -> Value:
    """The document of a file. Raises RulesRefused for what is no YAML of this kind, with its line."""
    faults = Faults(file)
    if len(text) > LARGEST_FILE:
        faults.add(1, "", f"a file of rules has at most {LARGEST_FILE:,} characters, not {len(text):,}")
        faults.refuse()
    try:
        _bounded(text, faults)
        faults.refuse()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        faults.add(mark.line + 1 if mark else 1, "", f"is not YAML: {what}")
        faults.refuse()
    if node is None:
        faults.add(1, "", "the file is empty")
        faults.refuse()
    return Value(node, "", faults)


def _bounded(text: str, faults: Faults) -> None:
    """Looks at the events before anything is built of them: no anchors (they multiply), no tags, neither deep nor endless."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        line = event.start_mark.line + 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            faults.add(line, "", "anchors and aliases are not read: write it out")
        elif getattr(event, "tag", None):
            faults.add(line, "", f"tags are not read: leave {event.tag} out")
        if depth > DEEPEST_FILE or count > MOST_VALUES:
            faults.add(line, "", f"a file of rules has at most {MOST_VALUES:,} values, {DEEPEST_FILE} levels deep")
            return
