"""Nothing outside terms/ asks a term for its name to decide what it is, or whether it has a member: a term says so itself."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from portopt.domain.problem import Cost, Limit, Objective
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES
from portopt.terms.risk_measures.catalog import RISK_MEASURES
from portopt.terms.risk_measures.protocol import RiskMeasure

SOURCE = Path(__file__).parents[2] / "src" / "portopt"
NAMES = {*LIMITS, *COSTS, *OBJECTIVES, *RISK_MEASURES}
PROTOCOLS = (Limit, Objective, Cost, RiskMeasure)
EXAMPLES = [entry.parse(entry.example) for catalog in (LIMITS, COSTS, OBJECTIVES) for entry in catalog.values()]
# A term's own fields, and what its protocol says of it, are read as what they are.
MEMBERS = {name for protocol in PROTOCOLS for name in dir(protocol) if not name.startswith("_")}
FIELDS = {field.name for term in EXAMPLES for field in dataclasses.fields(term)}
ASKING = ("getattr", "hasattr")


def outside_terms() -> list[Path]:
    """Every file of the rest. A view has kinds of its own, some of a risk measure's name."""
    every = [path.relative_to(SOURCE) for path in sorted(SOURCE.rglob("*.py"))]
    return [SOURCE / path for path in every if path.parts[0] != "terms" and path.parts[:2] != ("estimation", "views")]


def strings_in(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def of_a_kind(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "kind"


def offences(tree: ast.AST) -> Iterator[int]:
    """Lines that compare a `.kind` with the name of a term, or ask by name for what a term's protocol declares."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = set().union(*(strings_in(side) for side in sides))
            if any(of_a_kind(side) for side in sides) and named & NAMES:
                yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING and len(node.args) > 1:
            asked = node.args[1]
            if isinstance(asked, ast.Constant) and asked.value in MEMBERS | FIELDS:
                yield node.lineno


@pytest.mark.parametrize(
    "code",
    ['if limit.kind == "max_weight": pass', 'limit.kind in ("cash", "x")', 'getattr(objective, "helpers", "")'],
)
def test_what_is_kept_out_would_be_seen(code):
    assert list(offences(ast.parse(code))) == [1]


def test_nothing_outside_terms_knows_a_term_by_its_name():
    assert len(NAMES) > 60
    found = [f"{path.relative_to(SOURCE)}:{line}" for path in outside_terms() for line in offences(ast.parse(path.read_text()))]
    assert found == []


def test_no_member_of_a_protocol_hides_behind_a_field_of_a_term():
    """A property of the protocol is no default for a field: dataclasses would take it for one."""
    hidden = [
        (type(term).__name__, field.name)
        for term in EXAMPLES
        for field in dataclasses.fields(term)
        if isinstance(field.default, property) or callable(field.default)
    ]
    assert hidden == []


def test_every_term_inherits_what_its_protocol_declares():
    for catalog, protocol in ((LIMITS, Limit), (COSTS, Cost), (OBJECTIVES, Objective)):
        for entry in catalog.values():
            assert protocol in type(entry.parse(entry.example)).__mro__
