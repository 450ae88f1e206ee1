"""Who can be asked what. A peer that is not installed is said to be; a row that has no question of it in its own words too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec

from portopt.simulation.honest.outcome import Outcome
from portopt.simulation.honest.peers import of_bt, of_skfolio, of_vectorbt
from portopt.simulation.honest.rows import ROWS

PEERS: Mapping[str, Mapping[int, Callable[[], Outcome]]] = {
    "skfolio": of_skfolio.QUESTIONS,
    "vectorbt": of_vectorbt.QUESTIONS,
    "bt": of_bt.QUESTIONS,
    "cvxportfolio": {},  # its licence is the GPL: asked apart, by tests/benchmarks/honest_of_cvxportfolio.py
}
NO_QUESTION = Outcome("cannot be asked", "there is no question of this row in its own words")


def asked_of(peer: str, wanted: frozenset[int] = frozenset()) -> Iterator[tuple[int, Outcome]]:
    """Every row, or those wanted, by its number."""
    is_there = find_spec(peer) is not None
    for number in (row.number for row in ROWS if not wanted or row.number in wanted):
        question = PEERS[peer].get(number)
        if not is_there:
            yield number, Outcome("not installed", "")
        elif question is None:
            yield number, NO_QUESTION
        else:
            yield number, _answered(question)


def _answered(question: Callable[[], Outcome]) -> Outcome:
    try:
        return question()
    except Exception as error:  # a peer's own words, whatever they are
        return Outcome("fail", f"{type(error).__name__}: {error}")
