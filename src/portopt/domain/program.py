"""The standard form every problem becomes: a sparse conic quadratic program whose rows know who asked for them.

    minimize    1/2 x' P x + q' x + constant
    subject to  row_lower <= A x <= row_upper
                lower    <= x_j <= upper          (bounds; several limits may bound one column)
                B x + b  in K                     (second-order, exponential, power cones)
                x_j integer                       for the columns so marked

    or, with `ratio`, maximize  -(q' x + constant) / sqrt(x' P x)  over the same set.

The first n columns of x are the weights w. Further columns are helpers: factor exposures of the
portfolio, buys and sells. P is kept in blocks, so a factor covariance F Omega F' + D stays one.

Every row, bound and cone belongs to a limit by name ("" for definitions, such as y = F'w) and
says how far it moves when that limit is relaxed by one natural unit. From this come the
diagnosis, the price of each limit and the certificate.

Multipliers, everywhere in this code base:  L = f(x) + y'Ax + t'x - sum_k z_k'(B_k x + b_k),
so y_i > 0 presses on the upper side, y_i < 0 on the lower, z_k lies in the dual cone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.covariance import Covariance
from portopt.domain.deadline import NEVER, Deadline

ConeKind = Literal["second_order", "exponential", "power"]
INF = float("inf")
MANY_FACTORS = 200  # beyond which a diagonal Omega is worth asking for: of 756 observations as factors it is the root
WIDE = 200  # columns of a dense quadratic from which on reading only the rows in use pays

# (rows, columns, values) of a sparse block: what building one costs as a scipy array is more than a small solve takes.
Entries: TypeAlias = tuple[Indices, Indices, Vector]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows (or bounds) `start:stop` of one limit. members: names of the single rows, or None."""

    start: int
    stop: int
    limit: str
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Quadratic:
    """1/2 x[columns]' M x[columns], M = times shared; shared (k, k), or (k,) for a diagonal.

    Many portfolios on one covariance share that and differ by what it is multiplied with: M is made where it is asked for.
    """

    columns: Indices
    shared: Matrix
    times: float = 1.0
    _made: list[Matrix] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def M(self) -> Matrix:
        if self.times == 1.0:
            return self.shared
        if not self._made:
            self._made.append(self.times * self.shared)
        return self._made[0]

    @property
    def diagonal(self) -> Vector:
        """(k,) of M."""
        return np.asarray(self.times * (self.shared if self.shared.ndim == 1 else np.diagonal(self.shared)))


@dataclass(frozen=True, slots=True)
class Cone:
    """B x + b in K. second_order: s[0] >= ||s[1:]||. exponential: (r, s, t) with s exp(r/s) <= t.

    power: (x, y, z) with |z| <= x^alpha y^(1-alpha).  (Clarabel's conventions.)
    relax: (d,) change of b per natural unit of relaxation of the limit; zeros where the limit cannot be relaxed here.
    """

    kind: ConeKind
    B: sp.csr_array
    b: Vector
    limit: str = ""
    member: str | None = None
    relax: Vector | None = None
    alpha: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows in order: how many entries each has (r,), and the columns and values of all, row by row."""

    lengths: Indices
    columns: Indices
    values: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Hinge:
    """u_t >= a_t'x + b_t, u_t >= 0 for one block of scenarios: which rows say so and which columns u are.

    The rows, bounds and costs are ordinary ones; this only tells a method that wants to know. Row t reads
    u_t - a_t'x >= b_t, its group is `rows`; columns: (T,).
    """

    start: int
    stop: int
    columns: Indices


@dataclass(frozen=True, slots=True, eq=False)
class StandardForm:
    """A finished Program. Shapes: N columns, m rows, k bounds.

    row_relax, bound_relax: (m,), (k,) how far the row's sides open per natural unit of relaxation of its limit.
    hinges: blocks of rows that are scenario shortfalls; the form is complete without them.
    either: integer columns that each choose one of two ways by themselves, whatever the others choose.
    until: when its answer is of no more use.
    """

    n_weights: int
    n_columns: int
    quadratics: tuple[Quadratic, ...]
    q: Vector
    constant: float
    A: sp.csr_array
    row_lower: Vector
    row_upper: Vector
    row_relax: Vector
    row_groups: tuple[Group, ...]
    bound_columns: Indices
    bound_lower: Vector
    bound_upper: Vector
    bound_relax: Vector
    bound_groups: tuple[Group, ...]
    cones: tuple[Cone, ...]
    integer: Mask
    ratio: bool = False
    hinges: tuple[Hinge, ...] = ()
    either: tuple[int, ...] = ()
    until: Deadline = field(default=NEVER, compare=False)

    def P(self) -> sp.csc_array:
        """(N, N) the quadratic's matrix, assembled and symmetric."""
        rows, cols, data = [], [], []
        for block in self.quadratics:
            if block.M.ndim == 1:
                rows.append(block.columns)
                cols.append(block.columns)
                data.append(block.M)
            else:
                k = len(block.columns)
                rows.append(np.repeat(block.columns, k))
                cols.append(np.tile(block.columns, k))
                data.append(block.M.ravel())
        shape = (self.n_columns, self.n_columns)
        if not rows:
            return sp.csc_array(shape)
        return sp.csc_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(cols))), shape=shape)

    def P_times(self, x: Vector) -> Vector:
        """P x, block by block."""
        out = np.zeros(self.n_columns)
        for block in self.quadratics:
            part, M = x[block.columns], block.shared
            if M.ndim == 1:
                out[block.columns] += block.M * part
                continue
            held = np.flatnonzero(part)
            # Of many assets a portfolio holds few: its own rows are read in a fraction of the time of all.
            few = len(part) > WIDE and 4 * len(held) < len(part)
            product = part[held] @ M[held] if few else M @ part
            out[block.columns] += product if block.times == 1.0 else block.times * product
        return out

    def box(self) -> tuple[Vector, Vector]:
        """(N,), (N,) the tightest bounds of every column."""
        lower, upper = np.full(self.n_columns, -INF), np.full(self.n_columns, INF)
        np.maximum.at(lower, self.bound_columns, self.bound_lower)
        np.minimum.at(upper, self.bound_columns, self.bound_upper)
        return lower, upper

    def objective(self, x: Vector, Px: Vector | None = None) -> float:
        """Value of what is minimized at x; for a ratio, minus the ratio.  Px: (N,) P x, where it is known."""
        quadratic, linear = float(x @ (self.P_times(x) if Px is None else Px)), float(self.q @ x) + self.constant
        if self.ratio:
            return linear / float(np.sqrt(quadratic)) if quadratic > 0 else (-INF if linear < 0 else INF)
        return 0.5 * quadratic + linear

    @property
    def limits(self) -> tuple[str, ...]:
        """Names of the limits that own at least one row, bound or cone, in order of appearance."""
        names = [g.limit for g in (*self.row_groups, *self.bound_groups)] + [c.limit for c in self.cones]
        return tuple(dict.fromkeys(name for name in names if name))

    def without(self, dropped: Callable[[str], bool]) -> StandardForm:
        """The same program with every limit for which `dropped(name)` holds set free; columns and row order stay."""
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        bound_lower, bound_upper = self.bound_lower.copy(), self.bound_upper.copy()
        for groups, low, high in (
            (self.row_groups, row_lower, row_upper),
            (self.bound_groups, bound_lower, bound_upper),
        ):
            for group in groups:
                if group.limit and dropped(group.limit):
                    low[group.start : group.stop], high[group.start : group.stop] = -INF, INF
        cones = tuple(cone for cone in self.cones if not (cone.limit and dropped(cone.limit)))
        return replace(
            self,
            row_lower=row_lower,
            row_upper=row_upper,
            bound_lower=bound_lower,
            bound_upper=bound_upper,
            cones=cones,
        )


@dataclass(slots=True)
class Program:
    """The builder a term speaks to. `freeze` makes the StandardForm."""

    n_weights: int
    until: Deadline = NEVER
    n_columns: int = field(init=False)
    quadratics: list[Quadratic] = field(default_factory=list)
    constant: float = 0.0
    ratio: bool = False
    _linear: list[tuple[Indices, Vector]] = field(default_factory=list)
    _rows: list[tuple[Entries | Block, Vector, Vector, Vector]] = field(default_factory=list)
    _row_groups: list[Group] = field(default_factory=list)
    _bounds: list[tuple[Indices, Vector, Vector, Vector]] = field(default_factory=list)
    _bound_groups: list[Group] = field(default_factory=list)
    _cones: list[tuple[ConeKind, Entries, Vector, str, str | None, Vector | None, float]] = field(default_factory=list)
    _integer: list[Indices] = field(default_factory=list)
    _either: list[int] = field(default_factory=list)
    _shared: dict[str, tuple[Indices, ...]] = field(default_factory=dict)
    _hinges: list[Hinge] = field(default_factory=list)
    stages: dict[str, Program] = field(default_factory=dict)  # the periods of a plan, each seen as a program

    def __post_init__(self) -> None:
        self.n_columns = self.n_weights

    @property
    def weights(self) -> Indices:
        """(n,) the columns of w."""
        return np.arange(self.n_weights)

    @property
    def in_whole_numbers(self) -> bool:
        """Whether a column so far is an integer."""
        return bool(self._integer)

    def add_columns(self, count: int, *, lower: float = -INF, upper: float = INF, integer: bool = False) -> Indices:
        """New helper columns; their bounds are definitions, owned by no limit.

        Gives their positions, (count,).
        """
        columns = np.arange(self.n_columns, self.n_columns + count)
        self.n_columns += count
        if lower > -INF or upper < INF:
            self.add_bounds(columns, lower, upper, limit="", relax=0.0)
        if integer:
            self._integer.append(columns)
        return columns

    def add_choices(self, count: int) -> Indices:
        """New columns of 0 or 1, (count,), each of which chooses one of two ways whatever the others choose."""
        columns = self.add_columns(count, lower=0.0, upper=1.0, integer=True)
        self._either += columns.tolist()
        return columns

    def add_rows(
        self,
        A: sp.sparray | Matrix,
        columns: Indices,
        lower: Vector | float,
        upper: Vector | float,
        *,
        limit: str,
        members: Sequence[str] | None = None,
        relax: Vector | float = 1.0,
    ) -> None:
        """lower <= A x[columns] <= upper.  A: (r, len(columns)).  lower, upper, relax: (r,) or one number."""
        r, start = A.shape[0], self._row_groups[-1].stop if self._row_groups else 0
        entries = _entries(A, columns, start)
        self._rows.append((entries, _filled(lower, r), _filled(upper, r), _filled(relax, r)))
        self._row_groups.append(Group(start, start + r, limit, None if members is None else tuple(members)))

    def add_bounds(
        self,
        columns: Indices,
        lower: Vector | float,
        upper: Vector | float,
        *,
        limit: str,
        members: Sequence[str] | None = None,
        relax: Vector | float = 1.0,
    ) -> None:
        """lower <= x[columns] <= upper; several limits may bound the same column.

        columns: (k,) positions. lower, upper, relax: (k,), or one number for all; relax: see Program.add_rows.
        """
        k = len(columns)
        start = self._bound_groups[-1].stop if self._bound_groups else 0
        self._bounds.append((columns, _filled(lower, k), _filled(upper, k), _filled(relax, k)))
        self._bound_groups.append(Group(start, start + k, limit, None if members is None else tuple(members)))

    def add_cone(
        self,
        kind: ConeKind,
        blocks: Sequence[tuple[int, sp.sparray | Matrix, Indices]],
        b: Vector,
        *,
        limit: str,
        member: str | None = None,
        relax: Vector | None = None,
        alpha: float = 0.5,
    ) -> None:
        """B x + b in K, B given as blocks (first row, matrix, columns)."""
        entries = _stacked([_entries(matrix, columns, first) for first, matrix, columns in blocks])
        self._cones.append((kind, entries, np.asarray(b, dtype=float), limit, member, relax, alpha))

    def add_hinges(
        self, A: Matrix, columns: Indices, b: Vector | float, cost: Vector | float = 0.0, *, limit: str = ""
    ) -> Indices:
        """New columns u >= 0, (T,), with u_t >= a_t'x[columns] + b_t and cost'u in the objective.  A: (T, len(columns)).

        The shortfalls of a scenario measure. They are definitions, owned by no limit, unless `limit` says otherwise.
        """
        A = np.asarray(A, dtype=float)
        T, k = A.shape
        u = self.add_columns(T, lower=0.0)
        start = self._row_groups[-1].stop if self._row_groups else 0
        # Entry by entry as a sparse block would cost more than solving it: 100 assets by 5,000 scenarios are half a million.
        values, at = np.empty((T, k + 1)), np.empty((T, k + 1), dtype=np.intp)
        np.negative(A, out=values[:, :k])
        values[:, k], at[:, :k], at[:, k] = 1.0, columns, u
        rows = np.repeat(np.arange(start, start + T), k + 1)
        self._rows.append(((rows, at.ravel(), values.ravel()), _filled(b, T), np.full(T, INF), np.zeros(T)))
        self._row_groups.append(Group(start, start + T, limit))
        if np.any(cost):
            self.add_linear(u, cost)
        self._hinges.append(Hinge(start, start + T, u))
        return u

    def add_quadratic(self, columns: Indices, M: Matrix, times: float = 1.0) -> None:
        """Add times/2 x[columns]' M x[columns] to the objective; M (k, k), or (k,) for a diagonal."""
        self.quadratics.append(Quadratic(columns, np.asarray(M, dtype=float), times))

    def add_linear(self, columns: Indices, c: Vector | float) -> None:
        """Add c' x[columns] to the objective, which is minimized.

        columns: (k,) positions. c: (k,), or one number for all.
        """
        self._linear.append((columns, _filled(c, len(columns))))

    def factor_columns(self, covariance: Covariance) -> tuple[Indices, Vector]:
        """Columns y = R'F'w with R R' = Omega (so that w'Sigma w = y'y + w'diag(D)w), and D. Made once, then shared.

        Gives positions (k,), k the rank of Omega, and D (n,), annual variances.
        """
        _, _, D = covariance.factors()
        if "factors" not in self._shared:
            G = factor_loadings(covariance)
            k = G.shape[1]
            y = self.add_columns(k)
            self._tie_factors(covariance, G, y)
            self._shared["factors"] = (y,)
        return self._shared["factors"][0], D

    def _tie_factors(self, covariance: Covariance, G: Matrix, y: Indices) -> None:
        """Rows y = G'w. Of ten thousand assets they are millions of entries, and the same for every book on the covariance."""
        k = len(y)
        rows = covariance.once(f"factor rows of columns from {y[0] if k else 0}", lambda: _factor_rows(G, self.weights, y))
        self._rows.append((rows, np.zeros(k), np.zeros(k), np.zeros(k)))
        start = self._row_groups[-1].stop if self._row_groups else 0
        self._row_groups.append(Group(start, start + k, ""))

    def trade_columns(self, w_prev: Vector) -> tuple[Indices, Indices]:
        """Columns buys, sells >= 0 with w - w_prev = buys - sells. Made once, then shared by turnover and costs.

        w_prev: (n,) weights before the trade. Gives positions (n,) and (n,).
        """
        if "trades" not in self._shared:
            n = self.n_weights
            buys, sells = self.add_columns(n, lower=0.0), self.add_columns(n, lower=0.0)
            block = sp.coo_array(
                (np.repeat([1.0, -1.0, 1.0], n), (np.tile(np.arange(n), 3), np.arange(3 * n))), shape=(n, 3 * n)
            )
            columns = np.concatenate([self.weights, buys, sells])
            self.add_rows(block, columns, w_prev, w_prev, limit="", relax=0.0)
            self._shared["trades"] = (buys, sells)
        buys, sells = self._shared["trades"]
        return buys, sells

    def once(self, name: str, make: Callable[[], tuple[Indices, ...]]) -> tuple[Indices, ...]:
        """Helper columns made once under a name, then shared by every term that asks for them.

        Each group of columns by its positions, (k,).
        """
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    def charged(self, speak: Callable[[Program], None]) -> tuple[list[Quadratic], list[tuple[Indices, Vector]], float]:
        """What `speak` would add to the objective, kept out of it: (quadratics, linear parts, constant). Its rows stay."""
        kept = self.quadratics, self._linear, self.constant
        self.quadratics, self._linear, self.constant = [], [], 0.0
        speak(self)
        found = self.quadratics, self._linear, self.constant
        self.quadratics, self._linear, self.constant = kept
        return found

    def overheard(self, speak: Callable[[Program], None]) -> StandardForm:
        """The rows, bounds and cones that `speak` would add, as a form of their own, not in the program. New columns stay."""
        kept = self._rows, self._row_groups, self._bounds, self._bound_groups, self._cones, self._hinges
        self._rows, self._row_groups, self._bounds, self._bound_groups, self._cones, self._hinges = [], [], [], [], [], []
        speak(self)
        said = self.freeze()
        self._rows, self._row_groups, self._bounds, self._bound_groups, self._cones, self._hinges = kept
        return said

    def freeze(self, *, multiples: bool = False) -> StandardForm:
        """The finished program. multiples: a matrix of the objective may be a number times one that others have too."""
        N = self.n_columns
        q = np.zeros(N)
        for columns, c in self._linear:
            np.add.at(q, columns, c)
        m = self._row_groups[-1].stop if self._row_groups else 0
        integer = np.zeros(N, dtype=bool)
        for columns in self._integer:
            integer[columns] = True
        cones = tuple(
            Cone(kind, _csr(entries, (len(b), N)), b, limit, member, relax, alpha)
            for kind, entries, b, limit, member, relax, alpha in self._cones
        )
        return StandardForm(
            n_weights=self.n_weights,
            n_columns=N,
            quadratics=tuple(q if multiples or q.times == 1.0 else Quadratic(q.columns, q.M) for q in self.quadratics),
            q=q,
            constant=self.constant,
            A=_of_blocks([(b[0], len(b[1])) for b in self._rows], (m, N)),
            row_lower=_joined([b[1] for b in self._rows]),
            row_upper=_joined([b[2] for b in self._rows]),
            row_relax=_joined([b[3] for b in self._rows]),
            row_groups=tuple(self._row_groups),
            bound_columns=np.concatenate([b[0] for b in self._bounds]) if self._bounds else np.zeros(0, dtype=np.intp),
            bound_lower=_joined([b[1] for b in self._bounds]),
            bound_upper=_joined([b[2] for b in self._bounds]),
            bound_relax=_joined([b[3] for b in self._bounds]),
            bound_groups=tuple(self._bound_groups),
            cones=cones,
            integer=integer,
            ratio=self.ratio,
            hinges=tuple(self._hinges),
            either=tuple(self._either),
            until=self.until,
        )


def factor_loadings(covariance: Covariance) -> Matrix:
    """(n, k) F R with R R' = Omega, worked out once a covariance. Raises DataError where it is dense."""
    F, Omega, _ = covariance.factors()
    return covariance.once("factor loadings", lambda: np.asarray(F @ psd_root(Omega)))


def psd_root(M: Matrix) -> Matrix:
    """R (k, r) with R R' = M for a symmetric positive semidefinite M (k, k); r is its numerical rank."""
    diagonal = np.diagonal(M)
    if np.count_nonzero(M) == np.count_nonzero(diagonal) and len(M) > MANY_FACTORS:
        keep = diagonal > max(float(diagonal.max(initial=0.0)), 0.0) * 1e-14
        return np.asarray(np.diag(np.sqrt(np.maximum(diagonal, 0.0)))[:, keep])
    values, vectors = np.linalg.eigh(M)
    keep = values > max(float(values[-1]), 0.0) * 1e-14
    return np.asarray(vectors[:, keep] * np.sqrt(values[keep]))


def _filled(value: Vector | float, size: int) -> Vector:
    array = np.asarray(value, dtype=float)
    return np.full(size, float(array)) if array.ndim == 0 else array


def _joined(parts: list[Vector]) -> Vector:
    return np.concatenate(parts) if parts else np.zeros(0)


def _entries(A: sp.sparray | Matrix, columns: Indices, first: int) -> Entries:
    """The nonzeros of A, its rows moved down by `first`, its columns to `columns`."""
    if isinstance(A, np.ndarray):
        there = A != 0.0
        rows = np.repeat(np.arange(first, first + len(A)), np.count_nonzero(there, axis=1))
        return rows, np.broadcast_to(columns, A.shape)[there], A[there]
    block = A if A.format == "coo" else A.tocoo()
    return block.coords[0] + first, columns[block.coords[1]], block.data


def _stacked(parts: Sequence[Entries]) -> Entries:
    if not parts:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0)
    if len(parts) == 1:
        return parts[0]
    rows, cols, values = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(cols), np.concatenate(values)


def _factor_rows(G: Matrix, weights: Indices, y: Indices) -> Block:
    """G'w - y = 0."""
    rows, columns, values = _entries(np.hstack([G.T, -np.eye(len(y))]), np.concatenate([weights, y]), 0)
    return _block((rows, columns, values), 0, len(y))


def _of_blocks(blocks: Sequence[tuple[Entries | Block, int]], shape: tuple[int, int]) -> sp.csr_array:
    """Rows block by block, each brought into order by itself: (entries, or a block that is in order, and its rows) in turn."""
    parts, first = [], 0
    for entries, count in blocks:
        parts.append(entries if isinstance(entries, Block) else _block(entries, first, count))
        first += count
    if not parts:
        return sp.csr_array(shape)
    lengths = np.concatenate([np.zeros(1, dtype=np.int64), *(part.lengths for part in parts)])
    starts, columns = np.cumsum(lengths).astype(np.int32), np.concatenate([part.columns for part in parts])
    return sp.csr_array((np.concatenate([part.values for part in parts]), columns, starts), shape=shape)


def _block(entries: Entries, first: int, count: int) -> Block:
    """The rows from `first` on."""
    rows, columns, values = entries
    A = _csr((rows - first, columns, values), (count, int(columns.max(initial=0)) + 1))
    return Block(np.diff(A.indptr), A.indices, A.data)


def _csr(entries: Entries, shape: tuple[int, int]) -> sp.csr_array:
    rows, cols, values = entries
    # In order already, and so without repeats: what a dense block comes as, where sorting costs more than all the rest.
    steps = np.diff(rows)
    if len(rows) and np.all((steps > 0) | ((steps == 0) & (np.diff(cols) > 0))):
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
        return sp.csr_array((values, cols.astype(np.int32), starts.astype(np.int32)), shape=shape)
    return sp.csr_array((values, (rows, cols)), shape=shape)
