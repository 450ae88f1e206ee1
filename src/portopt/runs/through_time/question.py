"""What is asked of a history, whole: the request, where its prices come from, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from portopt.dialects.backtests import backtest_from_data, backtest_to_data, walk_from_data, walk_to_data
from portopt.dialects.reading import object_of, one_of, required, text
from portopt.dialects.records import MAX_TEXT
from portopt.domain.backtest import BacktestRequest
from portopt.domain.canonical import digest, make_id
from portopt.domain.job import THROUGH_TIME
from portopt.domain.market import MarketSnapshot
from portopt.domain.walk import WalkForward

PREFIXES = {"backtest": "bt", "walk_forward": "wf"}
VERSION = "1"  # part of every run's identity: a new meaning of a document is a new run
FIELDS = ("kind", "portfolio_id", "provider", "asked", "walk")


@dataclass(frozen=True, slots=True)
class Question:
    """provider: a name, `files:PATH` or `pack:ID`. portfolio_id: under which it is kept. walk: of a walk-forward."""

    kind: Literal["backtest", "walk_forward"]
    portfolio_id: str
    request: BacktestRequest
    provider: str = "sample"
    walk: WalkForward | None = None

    def identity(self) -> str:
        """SHA-256 of what is asked, and of whom. A proof changes no answer, and is part of the document that is asked for."""
        proof = [self.request.prove, self.request.seed if self.request.prove else 0]
        return digest(self.kind, self.portfolio_id, self.request.identity(), self.walk, proof)

    def run_id(self, snapshot: MarketSnapshot) -> str:
        """`bt-…` or `wf-…`: the same question on the same prices is the same run."""
        return make_id(
            PREFIXES[self.kind], snapshot.as_of, digest(self.identity(), self.notes, snapshot.pricing_pack_id, VERSION)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading its files had to say: it stands in the document."""
        return self.request.notes


def question_to_data(question: Question) -> dict[str, Any]:
    """`question_from_data` gives it back equal."""
    walk = None if question.walk is None else walk_to_data(question.walk)
    about = {"kind": question.kind, "portfolio_id": question.portfolio_id, "provider": question.provider}
    return {**about, "asked": backtest_to_data(question.request), "walk": walk}


def question_from_data(data: Mapping[str, Any]) -> Question:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such a question."""
    doc = object_of(data, "", FIELDS)
    walk = doc.get("walk")
    return Question(
        kind=one_of(required(doc, "kind"), "kind", THROUGH_TIME),  # type: ignore[arg-type]  # one of the two
        portfolio_id=text(required(doc, "portfolio_id"), "portfolio_id"),
        request=backtest_from_data(required(doc, "asked"), "asked"),
        provider=text(doc.get("provider", "sample"), "provider", most=MAX_TEXT),
        walk=None if walk is None else walk_from_data(walk, "walk"),
    )
