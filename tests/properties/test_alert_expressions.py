"""Expressions over all subjects at once, against one subject at a time by Python's own arithmetic."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from made_watch import MINUTE, START

from portopt.domain.watch import Figure, labels
from portopt.monitoring.evaluation.columns import Columns
from portopt.monitoring.evaluation.truths import Readings, quantity, truth
from portopt.monitoring.rules.grammar import read_truth
from portopt.monitoring.rules.opposite import opposite
from portopt.monitoring.rules.tree import (
    Age,
    Arithmetic,
    Comparison,
    Limit,
    Logic,
    Number,
    Quantity,
    Read,
    Truth,
    Window,
    figures_of,
)  # fmt: skip

NAMES = ("book_drift", "book_cash", "book_unfilled")
STALE = 4 * MINUTE
NOW = START + 10 * MINUTE
OF = ("portfolio",)
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}

numbers = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]).map(Number)
names = st.sampled_from(NAMES)
backs = st.integers(1, 8).map(lambda k: k * MINUTE)
readings = st.one_of(
    names.map(Read), names.map(Limit), names.map(Age),
    st.builds(Window, st.sampled_from(["avg", "max", "min", "count"]), names, backs),
)  # fmt: skip
quantities: st.SearchStrategy[Quantity] = st.recursive(
    st.one_of(numbers, readings), lambda inner: st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner), max_leaves=4
)
truths: st.SearchStrategy[Truth] = st.recursive(
    st.builds(Comparison, st.sampled_from(sorted(SIGNS)), quantities, quantities),
    lambda inner: st.builds(Logic, st.sampled_from(["and", "or", "unless"]), inner, inner),
    max_leaves=4,
)
values = st.sampled_from([None, -1.0, 0.0, 0.5, 1.0, 2.0])
figures = st.lists(
    st.builds(
        lambda name, book, minute, value, limit: Figure(
            name, labels(portfolio=book), START + minute * MINUTE, value, limit
        ),
        names, st.sampled_from(["A", "B", "C"]), st.integers(0, 12), values, values,
    ),
    max_size=40,
)  # fmt: skip

numbers_of_all = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), min_size=18, max_size=18)
# Every figure of every book, and its limit, twice: nothing is missing, and windows have something in them.
dense = numbers_of_all.flatmap(
    lambda drawn: st.just(
        [
            Figure(
                name, labels(portfolio=book), START + (8 + turn) * MINUTE, drawn[6 * k + 2 * j + turn], drawn[-1 - 2 * j - k]
            )
            for k, name in enumerate(NAMES)
            for j, book in enumerate("ABC")
            for turn in (0, 1)
        ]
    )
)
any_figures = st.one_of(figures, dense)


def rows(name: str, book: str, given: Sequence[Figure]) -> list[Figure]:
    """One an instant, the last that was given, oldest first."""
    by_instant = {one.at: one for one in given if one.name == name and one.portfolio_id == book and one.at <= NOW}
    return [by_instant[at] for at in sorted(by_instant)]


def newest(found: list[Figure], column: str, back: timedelta) -> Figure | None:
    there = [one for one in found if getattr(one, column) is not None and NOW - one.at < back]
    return there[-1] if there else None


def value_of(node: Quantity, book: str, given: Sequence[Figure]) -> float | None:
    """None where it is missing."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Arithmetic):
        left, right = value_of(node.left, book, given), value_of(node.right, book, given)
        return None if left is None or right is None else computed(node.op, left, right)
    found = rows(node.figure, book, given)
    if isinstance(node, Age):
        last = newest(found, "value", timedelta(days=1))
        return None if last is None else (NOW - last.at).total_seconds()
    if isinstance(node, Window):
        inside = [one.value for one in found if one.value is not None and NOW - one.at < node.back]
        if newest(found, "value", STALE) is None or not inside:
            return None
        of: dict[str, Any] = {"max": max, "min": min, "count": len, "avg": lambda v: math.fsum(v) / len(v)}
        return float(of[node.over](inside))
    column = "limit" if isinstance(node, Limit) else "value"
    last = newest(found, column, STALE)
    return None if last is None else float(getattr(last, column))


def computed(sign: str, left: float, right: float) -> float | None:
    if sign == "/" and right == 0.0:
        return None if left == 0.0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)
    found = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign](left, right)
    return None if math.isnan(found) else found


def known(node: Truth, book: str, given: Sequence[Figure]) -> bool | None:
    """None where it is not known."""
    if isinstance(node, Comparison):
        left, right = value_of(node.left, book, given), value_of(node.right, book, given)
        return None if left is None or right is None else bool(SIGNS[node.op](left, right))
    a, b = known(node.left, book, given), known(node.right, book, given)
    if node.op == "unless":
        b = not b if b is not None else True if a else None  # an excuse has to be shown
    if node.op == "or":
        return True if a or b else False if a is False and b is False else None
    return True if a and b else False if a is False or b is False else None


def read_all(node: Quantity | Truth, given: Sequence[Figure]) -> Readings:
    read = Readings(Columns(given, figures_of(node), NOW), OF, STALE)
    for name in figures_of(node):
        read.rows(name)
    return read


def judged(node: Truth, given: Sequence[Figure]) -> dict[str, bool | None]:
    read = read_all(node, given)
    found = truth(node, read)
    assert not (found.true & found.false).any()
    places = read.columns.subjects(OF).places
    return {of[0][1]: True if found.true[k] else False if found.false[k] else None for of, k in places.items()}


@given(truths, any_figures)
@settings(max_examples=150, deadline=None)
def test_all_subjects_at_once_are_as_each_by_itself(node: Truth, given_figures: list[Figure]) -> None:
    found = judged(node, given_figures)
    assert found == {book: known(node, book, given_figures) for book in found}


@given(
    st.lists(st.floats(-5.0, 5.0) | st.none(), min_size=11, max_size=11), st.sampled_from(["avg", "max", "min", "count"]), backs
)
@settings(max_examples=100, deadline=None)
def test_a_window_is_over_the_values_inside_it(values: list[float | None], over: str, back: timedelta) -> None:
    given_figures = [Figure("book_drift", labels(portfolio="A"), START + k * MINUTE, v) for k, v in enumerate(values)]
    node = Window(over, "book_drift", back)  # type: ignore[arg-type]
    found = quantity(node, read_all(node, given_figures))
    expected = value_of(node, "A", given_figures)
    assert math.isnan(found[0]) if expected is None else math.isclose(found[0], expected, abs_tol=1e-12)


@given(truths, any_figures)
@settings(max_examples=100, deadline=None)
def test_the_opposite_is_true_where_the_expression_is_false_and_never_where_it_is_true(
    node: Truth, given_figures: list[Figure]
) -> None:
    found, turned = judged(node, given_figures), judged(opposite(node), given_figures)
    for book, state in found.items():
        assert (turned[book] is True) is (state is False)


def written(node: Any) -> str:
    """An expression as text, every bracket written."""
    if isinstance(node, Number):
        return f"{node.value:g}" if node.value >= 0 else f"(-{-node.value:g})"
    if isinstance(node, Read):
        return node.figure
    if isinstance(node, Limit | Age):
        return f"{'limit' if isinstance(node, Limit) else 'age'}({node.figure})"
    if isinstance(node, Window):
        return f"{node.over}_over_time({node.figure}[{int(node.back.total_seconds())}s])"
    return f"({written(node.left)} {node.op} {written(node.right)})"


@given(truths)
@settings(max_examples=60, deadline=None)
def test_an_expression_is_read_as_it_was_written(node: Truth) -> None:
    text = written(node)
    bare = any(isinstance(one.left, Number) and isinstance(one.right, Number) for one in comparisons_of(node))
    if not bare and sum(text.count(sign) for sign in "()+*/<>=-") + text.count(" ") < 60:
        assert read_truth(text) == node


def comparisons_of(node: Truth) -> list[Comparison]:
    return [node] if isinstance(node, Comparison) else [*comparisons_of(node.left), *comparisons_of(node.right)]


def test_products_bind_before_sums_before_comparisons_before_and_before_or() -> None:
    plain = "book_drift + 2 * book_cash > 1 - book_cash / 2 or book_drift < 0 and book_cash < 1 unless book_drift > 2"
    bracketed = (
        "((book_drift + (2 * book_cash)) > (1 - (book_cash / 2)))"
        " or (((book_drift < 0) and (book_cash < 1)) unless (book_drift > 2))"
    )
    assert read_truth(plain) == read_truth(bracketed)
    assert read_truth("book_drift - 1 - 2 > 0") == read_truth("(book_drift - 1) - 2 > 0")
    assert read_truth("-book_drift < -1") == Comparison("<", Arithmetic("-", Number(0.0), Read("book_drift")), Number(-1.0))
