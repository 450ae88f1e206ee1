"""The expression language: a small part of Prometheus's, over the names of the catalog. Read by hand; nothing is executed.

truth       = conjunction { "or" conjunction }
conjunction = clause { ("and" | "unless") clause }
clause      = quantity ( ">" | ">=" | "<" | "<=" | "==" | "!=" ) quantity  |  "(" truth ")"
quantity    = product { ("+" | "-") product }
product     = factor { ("*" | "/") factor }
factor      = ["-"] ( number | NAME | CALL | "(" quantity ")" )
CALL        = "limit(" NAME ")" | "age(" NAME ")" | WINDOW "(" NAME "[" duration "])"
WINDOW      = avg_over_time | max_over_time | min_over_time | count_over_time
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.rules.durations import read_duration
from portopt.monitoring.rules.tree import Age, Arithmetic, Comparison, Limit, Logic, Number, Over, Quantity, Read, Truth, Window

LONGEST_TEXT = 2_000
DEEPEST = 60
WINDOWS: dict[str, Over] = {f"{over}_over_time": over for over in get_args(Over)}
FUNCTIONS = ("limit", "age", *WINDOWS)
WORDS = ("and", "or", "unless")
COMPARED = (">", ">=", "<", "<=", "==", "!=")
TOKEN = re.compile(
    r"\s+|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(?P<duration>\[[^\[\]]*\])|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>>=|<=|==|!=|[-+*/<>()])"
)


class ExpressionFault(Exception):
    """What cannot be read, in words; the place is the character's, counted from one."""

    def __init__(self, what: str, place: int) -> None:
        super().__init__(f"{what} (character {place})")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    place: int


def read_truth(text: str) -> Truth:
    """The tree of an expression that is true or false of a subject. Raises ExpressionFault."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionFault(f"an expression has at most {LONGEST_TEXT:,} characters, not {len(text):,}", LONGEST_TEXT + 1)
    reader = Reader(_tokens(text))
    node = reader.disjunction()
    if reader.here.kind != "end":
        raise ExpressionFault(f"{reader.here.text!r} was not expected here", reader.here.place)
    return _truth(node, 1)


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ExpressionFault(f"{text[place:][:12]!r} means nothing here", place + 1)
        if match.lastgroup:
            found.append(Token(match.lastgroup, match.group(), place + 1))
        place = match.end()
    return [*found, Token("end", "the end", len(text) + 1)]


def _truth(node: Any, place: int) -> Truth:
    if isinstance(node, Comparison | Logic):
        return node
    raise ExpressionFault("a comparison is needed here (`figure > limit(figure)`), this is a number", place)


def _quantity(node: Any, place: int) -> Quantity:
    if isinstance(node, Comparison | Logic):
        raise ExpressionFault("a number is needed here, this is a comparison", place)
    found: Quantity = node
    return found


class Reader:
    """Recursive descent over the tokens, a method a line of the grammar; there are at most DEEPEST brackets and signs."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self.here
        self._at += token.kind != "end"
        return token

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text:
            raise ExpressionFault(f"{text!r} is missing before {token.text!r}", token.place)

    def disjunction(self) -> Any:
        node = self._conjunction()
        while self.here.text == "or":
            node = self._logic(node, self._conjunction)
        return node

    def _conjunction(self) -> Any:
        node = self._clause()
        while self.here.text in ("and", "unless"):
            node = self._logic(node, self._clause)
        return node

    def _logic(self, left: Any, read: Any) -> Logic:
        word = self._take()
        right = self._operand(read)
        return Logic(word.text, _truth(left, word.place), _truth(right, word.place))  # type: ignore[arg-type]

    def _operand(self, read: Any) -> Any:
        """What follows a sign; a long chain is as deep as a tree as brackets are."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionFault(f"an expression has at most {DEEPEST} brackets and signs", self.here.place)
        return read()

    def _clause(self) -> Any:
        node = self._sum()
        if self.here.text not in COMPARED:
            return node
        sign = self._take()
        right = self._operand(self._sum)
        if isinstance(node, Number) and isinstance(right, Number):
            raise ExpressionFault("this comparison reads no figure", sign.place)
        if self.here.text in COMPARED:
            raise ExpressionFault("two comparisons in a row: write `a < b and b < c`", self.here.place)
        return Comparison(sign.text, _quantity(node, sign.place), _quantity(right, sign.place))  # type: ignore[arg-type]

    def _sum(self) -> Any:
        return self._chain("+-", self._product)

    def _product(self) -> Any:
        return self._chain("*/", self._factor)

    def _chain(self, signs: str, read: Any) -> Any:
        node = read()
        while self.here.kind == "sign" and self.here.text in signs:
            sign = self._take()
            right = self._operand(read)
            node = Arithmetic(sign.text, _quantity(node, sign.place), _quantity(right, sign.place))  # type: ignore[arg-type]
        return node

    def _factor(self) -> Any:
        token = self._take()
        if token.kind == "number":
            return Number(float(token.text))
        if token.text == "(":
            node = self._operand(self.disjunction)
            self._expect(")")
            return node
        if token.text == "-":
            return _negative(_quantity(self._operand(self._factor), token.place))
        if token.kind == "name" and token.text not in WORDS:
            return self._call(token) if self.here.text == "(" else Read(_figure(token))
        raise ExpressionFault(f"a figure or a number is missing before {token.text!r}", token.place)

    def _call(self, function: Token) -> Any:
        if function.text not in FUNCTIONS:
            raise ExpressionFault(f"there is no function {function.text!r}; there are {', '.join(FUNCTIONS)}", function.place)
        self._expect("(")
        figure = _figure(self._take())
        back = self._back(function) if function.text in WINDOWS else None
        self._expect(")")
        if back is not None:
            return Window(WINDOWS[function.text], figure, back)
        return Limit(figure) if function.text == "limit" else Age(figure)

    def _back(self, function: Token) -> timedelta:
        token = self._take()
        back = read_duration(token.text[1:-1]) if token.kind == "duration" else None
        if not back:
            raise ExpressionFault(f"{function.text} needs a window: {function.text}(figure[1h])", token.place)
        return back


def _negative(node: Quantity) -> Quantity:
    return Number(-node.value) if isinstance(node, Number) else Arithmetic("-", Number(0.0), node)


def _figure(token: Token) -> str:
    if token.kind != "name" or token.text in WORDS:
        raise ExpressionFault(f"the name of a figure is missing before {token.text!r}", token.place)
    if token.text not in CATALOG:
        near = difflib.get_close_matches(token.text, CATALOG, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ExpressionFault(f"there is no figure {token.text!r}{hint}", token.place)
    return token.text
