"""The windows of a walk-forward on a history: which rows choose, and which judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from portopt.dialects.policies import override
from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.walk import Variant, WalkForward
from portopt.judgement.splits import Split, labels_of, walk_forward_splits
from portopt.simulation.history import History, day_of
from portopt.simulation.span import enough_rows, span

MOST_VARIANTS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows of the history. first: where variants begin to trade. last: where all ends. splits: rows counted from `first`.

    A window's test begins at `first + split.test[0]`.
    """

    first: int
    last: int
    splits: tuple[Split, ...]

    @property
    def walk_first(self) -> int:
        """The first row that is tested."""
        return self.first + int(self.splits[0].test[0])

    def test_rows(self, window: int) -> tuple[int, int]:
        """The first and the last row of a window's test."""
        test = self.splits[window].test
        return self.first + int(test[0]), self.first + int(test[-1])

    def window_of(self, row: int) -> int:
        """Which window tests a row; the last one behind them all."""
        starts = [self.first + int(split.test[0]) for split in self.splits]
        return max((k for k, start in enumerate(starts) if start <= row), default=0)


def variants_of(request: BacktestRequest, walk: WalkForward) -> tuple[Variant, ...]:
    """Every combination of the values to try, the last path changing fastest; the policy itself where nothing is varied.

    Raises UnknownField or InvalidValue for a path or a value that the policy does not take, and for too many combinations.
    """
    if walk.vary and request.policies:
        why = "changes a policy that others follow by date: which of them is meant is not said"
        raise InvalidValue("vary", list(walk.vary), why, fix="leave out the dated policies")
    for path, values in walk.vary.items():
        if not values:
            raise InvalidValue(f"vary.{path}", [], "has no value to try", fix=f"--vary {path}=126,252")
    count = 1
    for values in walk.vary.values():
        count *= len(values)
    if count > MOST_VARIANTS:
        raise InvalidValue("vary", count, f"is more combinations than the {MOST_VARIANTS} that are tried at once")
    changes = [dict(zip(walk.vary, values, strict=True)) for values in product(*walk.vary.values())]
    return tuple(Variant(k, each, _changed(request, each)) for k, each in enumerate(changes))


def _changed(request: BacktestRequest, changes: dict[str, object]) -> BacktestRequest:
    return replace(request, policy=override(request.policy, changes)) if changes else request


def planned(
    variants: Sequence[Variant], history: History, walk: WalkForward, *, start: int | None = None, needed: int | None = None
) -> Plan:
    """Windows over all of the history that every variant can trade on, or so that the tests begin at row `start`.

    needed: rows before the first decision where that is not what the policies say. Where the request says from when on it is to
    be tested, training goes back from there.

    Raises DataError where the history is shorter than a training window and a test, InvalidValue for windows that mean nothing.
    """
    request = variants[0].request
    _, last = span(request, history)
    rows = max(enough_rows(one.request) for one in variants) if needed is None else needed
    if start is None and request.start is not None:
        start = history.row_of(request.start)
    first = rows if start is None else start - walk.train
    if first < rows or first + walk.train > last:
        raise _too_short(history, walk, rows, first + walk.train, last)
    T = last - first + 1
    labels = labels_of(T, walk.purge + 1)
    splits = walk_forward_splits(T, walk.train, walk.test, expanding=walk.expanding, ends=labels, embargo=walk.embargo)
    return Plan(first, last, splits)


def starts_of(plan: Plan, walk: WalkForward) -> tuple[int, ...]:
    """Rows at which the walk is begun, the plan's own first: evenly over the first test window."""
    if not 1 <= walk.starts <= walk.test:
        raise InvalidValue("starts", walk.starts, f"must be from 1 to {walk.test}, the sessions of a test window")
    return tuple(plan.walk_first + (k * walk.test) // walk.starts for k in range(walk.starts))


def _too_short(history: History, walk: WalkForward, rows: int, test: int, last: int) -> DataError:
    ends = day_of(history.dates[last])
    return DataError(
        f"a policy that needs {rows} returns, {walk.train} sessions of training and a test after them "
        f"do not fit: the prices from {day_of(history.dates[0])} to {ends} are {last + 1} sessions",
        field="prices",
        measured={"sessions": last + 1, "returns_needed": rows, "train": walk.train, "first_test_row": test},
        fixes=["shorten the training window (train)", "or bring a longer history, or a later start"],
    )
