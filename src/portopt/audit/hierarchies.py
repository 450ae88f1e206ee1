"""The tree of a hierarchical portfolio, grown again from the problem, and every split held against the weights.

    hrp    halves of the ordered leaves:  weight of the left half  =  risk of the right / (risk of both)  of the two together
    herc   nodes above the clusters:      the same, a side's risk the sum of its clusters'; inverse risk inside a cluster
    nco    clusters:                      least-variance conditions inside each, and over the clusters as assets

SciPy joins the tree; its ClusterNode, cut_tree and rank correlations are walked here, none of which the construction uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np

from portopt.audit.reach import implied_box
from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm

AS_SPLIT = 1e-8
HELD = 1e-9

Claims = tuple[tuple[str, float | str], ...]


class Measure(Protocol):
    def value(self, w: Vector, p: Problem) -> float: ...


class Hierarchic(Protocol):
    """What is read of a hierarchical objective."""

    variant: str
    distance: str
    leaf_order: str
    clusters: int | None
    cluster_choice: str
    max_clusters: int | None
    measure: str
    inner: Mapping[str, Any] | None
    outer: Mapping[str, Any] | None

    @property
    def tree_linkage(self) -> str: ...

    def risk_measure(self) -> Measure | None: ...


def hierarchy_claims(problem: Problem, form: StandardForm, h: Vector) -> tuple[Claims, list[str]]:
    """(what was found about the target h (n,), reasons to refuse)."""
    from scipy.cluster.hierarchy import linkage, optimal_leaf_ordering, to_tree
    from scipy.spatial.distance import squareform

    objective = cast(Hierarchic, problem.objective)
    _, most = implied_box(form)
    covariance = problem.moments.covariance
    at = np.flatnonzero((most[: problem.n] > HELD) & ~problem.universe.is_cash & (covariance.diagonal() > 0.0))
    if len(at) < 2:
        return (("assets in the tree", float(len(at))),), []
    d = squareform(_distances(objective.distance, problem, at), checks=False)
    Z = linkage(d, objective.tree_linkage)
    Z = optimal_leaf_ordering(Z, d) if objective.leaf_order == "optimal" else Z
    tree = _Tree(problem, objective, at, h[at] / h[at].sum())
    if objective.variant == "hrp":
        worst = tree.halves(np.array(to_tree(Z).pre_order()))
        return _verdict("splits of the tree", len(at) - 1, worst)
    labels = _labels(objective, Z, squareform(d))
    groups = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
    if objective.variant == "herc":
        return _verdict("clusters", len(groups), tree.down(to_tree(Z), groups))
    plain = all(spec in (None, {"kind": "min_risk"}) for spec in (objective.inner, objective.outer))
    if not plain:
        return (
            ("clusters", float(len(groups))),
            ("optima inside and over the clusters", "as constructed, not checked again"),
        ), []
    return _verdict("clusters", len(groups), tree.nested(groups))


def _verdict(what: str, count: int, worst: float) -> tuple[Claims, list[str]]:
    claims: Claims = ((what, float(count)), ("largest deviation from a split", worst))
    return claims, [] if worst <= AS_SPLIT else [f"a split of the tree is missed by {worst:.1e}, over {AS_SPLIT:.0e}"]


class _Tree:
    """The assets of the tree with their weights v, adding to one."""

    def __init__(self, problem: Problem, objective: Hierarchic, at: Indices, v: Vector) -> None:
        self.problem, self.objective, self.at, self.v = problem, objective, at, v
        self.Sigma = problem.moments.covariance.dense()[np.ix_(at, at)]
        self.measure = objective.risk_measure()
        self.alone = (
            np.diagonal(self.Sigma) if self.measure is None else np.array([self._value([i], [1.0]) for i in range(len(at))])
        )

    def _value(self, members: Any, weights: Any) -> float:
        w = np.zeros(self.problem.n)
        w[self.at[members]] = weights
        return 0.0 if self.measure is None else self.measure.value(w, self.problem)

    def naive(self, members: Indices) -> float:
        """The risk of the inverse-risk portfolio of some members."""
        inverse = 1.0 / self.alone[members]
        w = inverse / inverse.sum()
        return float(w @ self.Sigma[np.ix_(members, members)] @ w) if self.measure is None else self._value(members, w)

    def split(self, left: Indices, right: Indices, risks: tuple[float, float]) -> float:
        """How far the weights of two sides are from what their risks ask for."""
        a, b = float(self.v[left].sum()), float(self.v[right].sum())
        both = risks[0] + risks[1]
        return abs(a - (a + b) * (risks[1] / both if both > 0.0 else 0.5)) / (a + b)

    def halves(self, members: Indices) -> float:
        if len(members) < 2:
            return 0.0
        left, right = members[: len(members) // 2], members[len(members) // 2 :]
        here = self.split(left, right, (self.naive(left), self.naive(right)))
        return max(here, self.halves(left), self.halves(right))

    def down(self, root: Any, groups: list[Indices]) -> float:
        worst, risk, group_of = 0.0, [self.naive(members) for members in groups], np.empty(len(self.v), dtype=np.intp)
        for k, members in enumerate(groups):
            group_of[members] = k
            inverse = 1.0 / self.alone[members]
            worst = max(worst, float(np.abs(self.v[members] / self.v[members].sum() - inverse / inverse.sum()).max()))
        waiting = [root]
        while waiting:
            node = waiting.pop()
            inside = np.array(node.pre_order())
            if len(np.unique(group_of[inside])) < 2:
                continue
            left, right = np.array(node.left.pre_order()), np.array(node.right.pre_order())
            sides = [sum(risk[k] for k in np.unique(group_of[side])) for side in (left, right)]
            worst = max(worst, self.split(left, right, (sides[0], sides[1])))
            waiting += [node.left, node.right]
        return worst

    def nested(self, groups: list[Indices]) -> float:
        held = [members for members in groups if self.v[members].sum() > 0.0]
        W = np.zeros((len(self.v), len(held)))
        for k, members in enumerate(held):
            W[members, k] = self.v[members] / self.v[members].sum()
        inside = [_least_variance(self.Sigma[np.ix_(m, m)], W[m, k]) for k, m in enumerate(held)]
        return max([*inside, _least_variance(W.T @ self.Sigma @ W, np.array([self.v[m].sum() for m in held]))])


def _least_variance(Sigma: Matrix, w: Vector) -> float:
    """How far w is from the least variance of fully invested, long-only weights: (Sigma w)_i = w'Sigma w, or above at zero."""
    marginal = Sigma @ w
    variance = float(w @ marginal)
    off = np.where(w > 0.0, np.abs(marginal - variance), np.maximum(variance - marginal, 0.0))
    return float(off.max()) / variance if variance > 0.0 else 0.0


def _labels(objective: Hierarchic, Z: Matrix, distances: Matrix) -> Indices:
    from scipy.cluster.hierarchy import cut_tree

    n = len(Z) + 1
    choice = objective.cluster_choice
    if objective.clusters is not None:
        return np.asarray(cut_tree(Z)[:, n - min(int(objective.clusters), n)])
    bound = objective.max_clusters
    if choice != "gap_std":
        first, last = 1, min(n, max(8, round(n**0.5)) if bound is None else max(bound, 3))
    else:
        first, last = 2, min(n, max(4, int(min(10 if bound is None else bound, n**0.5) + 2)))
    levels = list(range(first, last + 1))
    cuts = cut_tree(Z)  # a column for n clusters, n - 1, …, 1
    spread = np.array([_spread(distances, cuts[:, n - k], choice) for k in levels])
    count = 2 if len(spread) < 3 else 2 + int(np.argmax(np.diff(spread, 2)))
    return np.asarray(cuts[:, n - min(count, n)])


def _spread(distances: Matrix, labels: Indices, choice: str) -> float:
    total = 0.0
    for k in range(labels.max() + 1):
        members = np.flatnonzero(labels == k)
        if len(members) > 1:
            i, j = np.triu_indices(len(members), 1)
            inside = distances[members[i], members[j]]
            if choice == "gap":
                total += float(distances[np.ix_(members, members)].sum()) / (2 * len(members))
            else:
                total += float(inside.mean() if choice == "gap_mean" else inside.std())
    return total


def _distances(name: str, problem: Problem, at: Indices) -> Matrix:
    from scipy.spatial.distance import cdist

    if "spearman" in name or "kendall" in name:
        S = problem.scenarios()[0][:, at]
        rho = _spearman(S) if "spearman" in name else _kendall(S)
    else:
        Sigma = problem.moments.covariance.dense()[np.ix_(at, at)]
        root = np.sqrt(np.diagonal(Sigma))
        rho = Sigma / np.outer(root, root)
    if name.startswith("absolute"):
        apart = 1.0 - np.abs(rho)
    else:
        apart = 1.0 - rho**2 if name.startswith("squared") else (1.0 - rho) / 2.0
    d = np.sqrt(np.maximum(apart, 0.0))
    np.fill_diagonal(d, 0.0)
    return np.asarray(cdist(d, d)) if name == "distances" else d


def _spearman(S: Matrix) -> Matrix:
    from scipy.stats import spearmanr

    rho = spearmanr(S)[0]
    return np.array([[1.0, rho], [rho, 1.0]]) if S.shape[1] == 2 else np.asarray(rho)


def _kendall(S: Matrix) -> Matrix:
    """tau-b: every date against every other; a pair of dates counts where neither asset ties."""
    agreed = np.zeros((S.shape[1], S.shape[1]))
    for row in S:
        signs = np.sign(S - row)
        agreed += signs.T @ signs
    untied = np.sqrt(np.diagonal(agreed))
    return np.asarray(agreed / np.outer(untied, untied))
