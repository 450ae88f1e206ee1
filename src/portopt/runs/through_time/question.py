"""What is asked of a history, whole: the request, where its prices come from, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from portopt.dialects.backtests import backtest_from_data, backtest_to_data, read_execution, walk_from_data, walk_to_data
from portopt.dialects.policies import policy_from_data
from portopt.dialects.reading import list_of, object_of, one_of, required, text, whole_number
from portopt.dialects.records import MAX_TEXT
from portopt.domain.backtest import BacktestRequest, Execution
from portopt.domain.canonical import digest, make_id, plain
from portopt.domain.job import THROUGH_TIME
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import Policy
from portopt.domain.walk import WalkForward

if TYPE_CHECKING:
    from portopt.simulation.deciders import Path

PREFIXES = {"backtest": "bt", "walk_forward": "wf", "comparison": "cmp"}
VERSION = "1"  # part of every run's identity: a new meaning of a document is a new run
FIELDS = ("kind", "portfolio_id", "provider", "asked", "walk", "others", "points", "path")
MOST_SIDES = 50  # policies, or points of a frontier, beside one another
PATHS = ("auto", "live", "quick")


@dataclass(frozen=True, slots=True)
class Question:
    """provider: a name, `files:PATH` or `pack:ID`. portfolio_id: under which it is kept. walk: of a walk-forward.

    others: of a comparison, the policies beside the request's own, each with what its orders cost. points: of a comparison of
    the points of the policy's own frontier, how many; 0 is none. path: which way decisions are made.
    """

    kind: Literal["backtest", "walk_forward", "comparison"]
    portfolio_id: str
    request: BacktestRequest
    provider: str = "sample"
    walk: WalkForward | None = None
    others: tuple[tuple[Policy, Execution], ...] = ()
    points: int = 0
    path: Path = "auto"

    def identity(self) -> str:
        """SHA-256 of what is asked, and of whom. A proof changes no answer, and is part of the document that is asked for.

        The seed counts where something is drawn: the noise of a proof, the resampling of a walk-forward and of a comparison.
        """
        draws = self.request.prove or self.kind != "backtest"
        proof = [self.request.prove, self.request.seed if draws else 0]
        more = {name: value for name, value in self._beside() if value}
        return digest(self.kind, self.portfolio_id, self.request.identity(), self.walk, proof, *([more] if more else []))

    def _beside(self) -> tuple[tuple[str, Any], ...]:
        """What a question says beside the request, and most say nothing of."""
        return ("others", self.others), ("points", self.points), ("path", self.path if self.path != "auto" else None)

    def run_id(self, snapshot: MarketSnapshot, **more: Any) -> str:
        """`bt-…`, `wf-…` or `cmp-…`: the same question on the same prices is the same run, whoever asks it.

        more: what else the answer rests on and no question says.
        """
        content = (self.identity(), self.notes, snapshot.pricing_pack_id, VERSION)
        return make_id(PREFIXES[self.kind], snapshot.as_of, digest(*content, *([more] if more else [])))

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading its files had to say: it stands in the document."""
        return self.request.notes


def question_to_data(question: Question) -> dict[str, Any]:
    """`question_from_data` gives it back equal."""
    walk = None if question.walk is None else walk_to_data(question.walk)
    about = {"kind": question.kind, "portfolio_id": question.portfolio_id, "provider": question.provider}
    more = {"points": question.points, "path": question.path} if question.points or question.path != "auto" else {}
    others = {"others": [plain(list(pair)) for pair in question.others]} if question.others else {}
    return {**about, "asked": backtest_to_data(question.request), "walk": walk, **others, **more}


def question_from_data(data: Mapping[str, Any]) -> Question:
    """Raises UnknownField, InvalidValue or MissingInput for anything that is not such a question."""
    doc = object_of(data, "", FIELDS)
    walk = doc.get("walk")
    others = list_of(doc.get("others") or [], "others", most=MOST_SIDES)
    return Question(
        kind=one_of(required(doc, "kind"), "kind", THROUGH_TIME),  # type: ignore[arg-type]  # one of the three
        portfolio_id=text(required(doc, "portfolio_id"), "portfolio_id"),
        request=backtest_from_data(required(doc, "asked"), "asked"),
        provider=text(doc.get("provider", "sample"), "provider", most=MAX_TEXT),
        walk=None if walk is None else walk_from_data(walk, "walk"),
        others=tuple(_other(item, f"others[{i}]") for i, item in enumerate(others)),
        points=whole_number(doc.get("points", 0), "points", low=0, high=MOST_SIDES),
        path=one_of(doc.get("path", "auto"), "path", PATHS),  # type: ignore[arg-type]  # one of the three
    )


def _other(value: Any, field: str) -> tuple[Policy, Execution]:
    policy, execution = list_of(value, field, least=2, most=2)
    return policy_from_data(policy, path=f"{field}[0]"), read_execution(execution, f"{field}[1]")
