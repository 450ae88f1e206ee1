"""From weights to whole shares: outer linearization and branch and cut, until the best book found is proved near the best.

    repeat:  search the linear program around the problem for whole lots;
             settle what it found in cents and read every limit off it;
             add the tangents there
    until    (value of the best book - proven bound)  <=  gap * value

A ratio N/sigma is searched as  min theta sigma - N  at the ratio theta just above the best known (Dinkelbach 1967): a bound
at or above zero proves that no book has a better ratio than theta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.optimization.solvers.highs_search import Ended, Found
from portopt.trading.book import Settled
from portopt.trading.exactness import HOLDS, relative_gap, scale_of, worth
from portopt.trading.first_book import FirstBook
from portopt.trading.linear import Effort, least_volatility, search_lots
from portopt.trading.outer import OuterProgram, outer_program
from portopt.trading.primal import nearest, neighbourhood, own_risk_aversion, resized, target
from portopt.trading.share_program import CASH_CAPS, ShareProgram
from portopt.trading.spending import most_cash, spend
from portopt.trading.tangents import Tangents
from portopt.trading.to_round import ToRound

# Effort is counted in branch and cut nodes, not seconds, so that any machine ends where any other does. A node's cost grows
# with the square of the program's entries; this is one or two seconds' worth.
NODE_EFFORT = 6e9
EASIER = 3.0  # times as many where no cone and no ratio makes the tangents steep
FEWEST_NODES, MOST_NODES = 20, 10_000
NODES_TO_FIND, NODES_TO_IMPROVE = 400, 40  # close to the target
ROUNDS = 60
TRIES, IMPROVEMENTS, EASY_TRIES = 12, 3, 6
RELAXED_SLACK = 1e-7  # a convex solver's answer is that far, relatively, from a bound
CLOSE, FAR = 2, 200  # lots around the target
SPENT_IN_SEARCH = 0.4  # of the relative gap; the rest is for the tangents
CENTS = 1e-6  # a limit missed by less was missed by rounding to the cent, and is closed by as much


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The best book found. value, bound: what is minimized, its proven lower bound; gap relative; proved: within the rules.

    rounds: of the search; 0 where the first book was good enough, or all there was. failure: of a search that broke off
    before its work was used up, in the words of what failed.
    """

    settled: Settled
    value: float
    bound: float
    gap: float
    proved: bool
    rounds: int
    failure: str = ""

    @classmethod
    def of(cls, asked: ToRound, first: FirstBook) -> Rounded:
        return cls(first.settled, first.value, asked.certified.bound, np.inf, False, 0).measured(asked)

    def measured(self, asked: ToRound) -> Rounded:
        """The same with its gap as it is now."""
        gap = max(relative_gap(asked.problem, self.value, self.bound), 0.0)
        return replace(self, gap=gap, proved=gap <= asked.rules.mip_relative_gap)


@dataclass(slots=True)
class Rounding:
    """One run of the search, with everything it has learned. first: a book to begin with, or None.

    refine: how a point of the linear program becomes orders, where that is more than reading its lots (fractions).
    """

    asked: ToRound
    program: ShareProgram
    first: FirstBook | None = None
    outer: OuterProgram = field(init=False)
    tangents: Tangents = field(init=False)
    refine: Callable[[Vector], list[Decimal]] | None = None
    margins: dict[str, float] = field(default_factory=dict)
    best: Settled | None = None
    best_shares: list[Decimal] | None = None
    value: float = np.inf
    bound: float = -np.inf
    rounds: int = 0
    failure: str = ""
    least_volatility: float | None = None
    target: Vector = field(init=False)
    gamma: float = field(init=False)
    seen: set[tuple[Decimal, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        certified = self.asked.certified
        x, scale = certified.x, scale_of(self.asked.problem, certified.value)
        wide = np.concatenate([x, np.zeros(self.program.form.n_columns - len(x))])
        self.gamma = own_risk_aversion(self.program.form, wide)
        aimed, relaxed = target(self.program, self.gamma)
        self.bound = max(relaxed - RELAXED_SLACK * scale, certified.bound)
        self.target = wide if aimed is None else aimed
        self.outer = outer_program(self.program.form, self.target, scale)
        self.tangents = Tangents(self.outer)
        self.tangents.touch(self.target, fan=True)
        if self.first is not None:
            self.best, self.best_shares, self.value = self.first.settled, self.first.shares, self.first.value

    def any_book(self) -> bool:
        """Whether a book of whole lots is easily found close to the target; no is "not found", not "there is none"."""
        self._round_directly(EASY_TRIES)
        return self.best is not None

    def run(self) -> Rounded | None:
        """None when none was found, which does not say that there is none: limits are closed on the way (see probe.py)."""
        self._begin()
        # Whole numbers whose own search left a gap open are not proved best by a search that adds lots to them.
        closed = self.asked.certified.is_closed(self.asked.problem, self.asked.rules)
        nodes = self._node_budget() if closed or self.best is None else 0
        while nodes > 0 and self.rounds < ROUNDS and self.gap() > self.tolerated:
            self.rounds += 1
            theta = self._theta()
            found = self._search(theta, self.margins, nodes=nodes)
            nodes -= max(found.nodes, 1)
            if found.ended is Ended.FAILED:
                self.failure = found.message
            self._learn_bound(found, theta)
            if found.x is None:
                break
            self._consider(found.x)
        if self.best is None:
            return None
        return Rounded(self.best, self.value, self.bound, np.inf, False, self.rounds, self.failure).measured(self.asked)

    def _begin(self) -> None:
        """A first book: the nearest lots, limits closed until these hold; then the best lots close by, or farther off."""
        if self.refine is None:
            self._round_directly()
        margins: dict[str, float] = {}
        lots = CLOSE
        for tried in range(TRIES):
            known = self.best is not None
            if lots > FAR or self.gap() <= self.tolerated:
                return
            closed = {name: self.margins.get(name, 0.0) + margins.get(name, 0.0) for name in {*self.margins, *margins}}
            bounds = neighbourhood(self.program, self.target, lots)
            found = self._search(self._theta(), closed, nodes=NODES_TO_IMPROVE if known else NODES_TO_FIND, bounds=bounds)
            missed_by = {} if found.x is None else self._consider(found.x)
            if (found.x is not None and not missed_by) or (known and tried >= IMPROVEMENTS):
                return
            lots = lots * 8 if found.x is None else lots
            for limit, by in missed_by.items():
                margins[limit] = margins.get(limit, 0.0) + 1.5 * by

    def _round_directly(self, tries: int = TRIES) -> None:
        """Nearest lots of the target, solved for again with every limit closed by what its rounding missed it by."""
        asked, residual = self.asked, self.asked.cash_residual
        margins: dict[str, float] = {}
        x: Vector | None = self.target
        for _ in range(tries):
            if x is None:
                return
            shares = self.program.shares(nearest(self.program, x))
            if residual is not None:
                most = most_cash(asked.book.value, residual)
                shares = spend(asked.book, asked.rules, shares, most, self.program.form.box())
            faults = self._keep(shares)
            if not faults or (residual is not None and not CASH_CAPS.isdisjoint(faults)):
                return
            for limit, by in faults.items():
                margins[limit] = margins.get(limit, 0.0) + 1.2 * by
            x = resized(self.program, self.gamma, x, margins)

    def _node_budget(self) -> int:
        entries = self.outer.form.A.nnz + 2 * sum(len(block.side) for block in self.tangents.blocks)
        steep = self.outer.sigma >= 0 or any(squares.head is not None for squares in self.outer.squares)
        effort = self.asked.rules.search_effort * (NODE_EFFORT if steep else EASIER * NODE_EFFORT)
        return int(np.clip(effort / entries**2, FEWEST_NODES, MOST_NODES))

    @property
    def tolerated(self) -> float:
        """The relative gap at which a book counts as the best."""
        return self.asked.rules.mip_relative_gap

    def gap(self) -> float:
        if self.best is None:
            return np.inf
        return relative_gap(self.asked.problem, self.value, self.bound)

    def _theta(self) -> float:
        """The ratio to beat: the certified one first, then a little more than the best book's."""
        best = self.asked.certified.value if self.best is None else self.value * (1.0 + 0.75 * self.tolerated)
        return max(-best, 0.0) if self.program.form.ratio else 0.0

    def _search(
        self, theta: float, margins: Mapping[str, float], *, nodes: int, bounds: tuple[Vector, Vector] | None = None
    ) -> Found:
        scale = scale_of(self.asked.problem, self.value if self.best is not None else self.asked.certified.value)
        if self.outer.sigma >= 0:
            # The ratio's gap times the volatility is the gap of  theta sigma - N.
            scale *= self._volatility()
        gap = SPENT_IN_SEARCH * self.tolerated * scale
        start = None if self.best_shares is None else self.program.start(self.best_shares)
        if start is not None and bounds is not None and not _within(start, bounds):
            start = None
        effort = Effort(gap, scale, nodes)
        return search_lots(self.tangents, effort, theta=theta, margins=margins, bounds=bounds, start=start)

    def _volatility(self) -> float:
        problem = self.asked.problem
        w = self.best.weights if self.best is not None else problem.previous()
        return max(problem.moments.covariance.volatility(w), 1e-4)

    def _learn_bound(self, found: Found, theta: float) -> None:
        if not np.isfinite(found.bound):
            return
        if self.outer.sigma < 0:
            self.bound = max(self.bound, found.bound)
        elif found.bound >= 0.0:
            self.bound = max(self.bound, -theta)
        else:
            if self.least_volatility is None:
                self.least_volatility = least_volatility(self.tangents)
            if self.least_volatility > 0.0:
                # N <= theta sigma - bound for every book, so N / sigma <= theta - bound / sigma.
                self.bound = max(self.bound, -theta + found.bound / self.least_volatility)

    def _consider(self, x: Vector) -> Mapping[str, float]:
        """Settle the orders of x and keep the book when it is the best so far. Returns the limits it misses, and by how much.

        What was missed by a rounding cent, or again after its tangents were there, is closed by as much.
        """
        shares = self.program.shares(x) if self.refine is None else self.refine(x)
        self.tangents.touch(x)
        faults = self._keep(shares)
        curved = {cone.limit for cone in self.program.form.cones}
        repeated = tuple(shares) in self.seen
        self.seen.add(tuple(shares))
        for limit, by in faults.items():
            if by <= CENTS or repeated or limit not in curved:
                self.margins[limit] = self.margins.get(limit, 0.0) + by + HOLDS
        return faults

    def _keep(self, shares: list[Decimal]) -> Mapping[str, float]:
        """Keep the book of these orders when it misses nothing and is the best so far. Returns what it misses."""
        settled = self.asked.book.settle(shares)
        faults = self.asked.missed(settled)
        if not faults:
            value = worth(self.asked.problem, self.asked.book, settled)
            if value < self.bound - self._cents(settled):
                self.bound = -np.inf  # a book below a bound refutes it; the search will find another
            if value < self.value:
                self.best, self.best_shares, self.value = settled, shares, value
        return faults

    def _cents(self, settled: Settled) -> float:
        """What rounding every order to the cent can move the objective by: the bound knows lots, not cents."""
        moved = 0.01 * (len(settled.orders) + 1) / float(self.asked.book.value)
        return moved / (self._volatility() if self.outer.sigma >= 0 else 1.0) + RELAXED_SLACK * scale_of(
            self.asked.problem, self.bound
        )


def _within(start: tuple[Indices, Vector], bounds: tuple[Vector, Vector]) -> bool:
    """Whether a known point may be told to a search that stays between bounds (N,), (N,)."""
    columns, values = start
    return bool(np.all((values >= bounds[0][columns]) & (values <= bounds[1][columns])))
