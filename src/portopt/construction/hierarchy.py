"""Portfolios from a tree: hierarchical risk parity, hierarchical equal risk, nested clustered optimization.

    hrp   halve the ordered leaves; a half's risk is that of its inverse-risk portfolio; weight 1 - risk share; repeat
    herc  the same down the tree to its clusters, a side's risk the sum of its clusters'; inverse risk inside a cluster
    nco   an optimum inside each cluster, then one over the clusters as assets

Source: Lopez de Prado (2016), Building Diversified Portfolios that Outperform Out of Sample; Raffinot (2018), The
Hierarchical Equal Risk Contribution Portfolio; Lopez de Prado (2019), A Robust Estimator of the Efficient Frontier.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.construction.distances import distance_matrix
from portopt.construction.nested import Construct, nested_weights
from portopt.construction.reach import invested_share, may_be_held, weight_reach
from portopt.construction.risk_parity import among, require_risk, with_cash
from portopt.construction.tree import children, cluster_count, cut, leaves, linkage_of
from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Universe
from portopt.terms.objectives.hierarchical import Hierarchical

NaiveRisk = Callable[[Indices], float]  # of the inverse-risk portfolio of some assets


def hierarchical_target(problem: Problem, construct: Construct) -> Vector:
    """(n,) weights over what the limits allow to be held; cash only where the limits make it.

    construct: for the optima inside and over the clusters of nco.
    Raises DataError, by name, for an asset without risk: it has no correlation to stand in a tree by, and to inverse risk the
    whole portfolio.
    """
    objective = problem.objective
    if not isinstance(objective, Hierarchical):
        raise DataError("the hierarchical portfolio is constructed for its own objective", field="objective.kind")
    lower, upper = weight_reach(problem)
    at = np.flatnonzero(may_be_held(problem, upper))
    if not len(at):
        raise DataError("the limits leave no risky asset to build a hierarchy of", field="limits")
    require_risk(problem, at, field="objective", fix=f"exclude them (limits.exclusions), or call money {CASH}")
    h = np.zeros(problem.n)
    h[at] = hierarchical_weights(objective, part_of(problem, at), construct)
    return with_cash(problem, h, invested_share(problem, lower, upper))


def part_of(problem: Problem, at: Indices) -> Problem:
    """The question about the assets at `at` alone, without limits.

    at: (k,) positions in the universe.
    """
    moments = problem.moments
    universe = Universe(tuple(problem.universe.assets[i] for i in at))
    scenarios = None if moments.scenarios is None else moments.scenarios[:, at]
    few = Moments(
        universe,
        moments.mu[at],
        among(moments.covariance, at),
        moments.periods_per_year,
        scenarios=scenarios,
        probabilities=moments.probabilities,
        scenario_span=moments.scenario_span,
    )
    return Problem(few, problem.objective, (), risk_free_rate=problem.risk_free_rate, until=problem.until)


def hierarchical_weights(objective: Hierarchical, p: Problem, construct: Construct) -> Vector:
    """(n,) weights adding to one over every asset of p."""
    if p.n == 1:
        return np.ones(1)
    d = distance_matrix(objective.distance, p.moments.covariance, p.moments.scenarios)
    merges = linkage_of(d, objective.tree_linkage, objective.leaf_order)
    if objective.variant == "hrp":
        return _bisected(leaves(merges), *_risks(objective, p))
    count = objective.clusters
    if count is None:
        count = cluster_count(d, merges, objective.cluster_choice, objective.max_clusters)
    nodes = cut(merges, min(int(count), p.n))
    if objective.variant == "herc":
        return _down_the_tree(merges, nodes, *_risks(objective, p))
    return nested_weights(p, [leaves(merges, node) for node in nodes], objective.inner, objective.outer, construct)


def _risks(objective: Hierarchical, p: Problem) -> tuple[Vector, Callable[[Indices], NaiveRisk]]:
    """(n,) the risk of each asset alone, and, for assets in some order, the risk of a stretch of them."""
    measure = objective.risk_measure()
    if measure is None or not measure.scenario_based:
        return _moment_risks(p.moments.covariance.dense(), squared=measure is None)
    single = np.array([measure.value(row, p) for row in np.eye(p.n)])
    if not (single > 0.0).all():
        bad = [p.universe.ids[i] for i in np.flatnonzero(~(single > 0.0))]
        raise DataError(f"no {objective.measure} to weight by: {', '.join(bad)}", field="objective.measure", value=bad)

    def ordered(order: Indices) -> NaiveRisk:
        def naive(stretch: Indices) -> float:
            w = np.zeros(p.n)
            w[order[stretch]] = 1.0 / single[order[stretch]]
            return measure.value(w / w.sum(), p)

        return naive

    return single, ordered


def _moment_risks(Sigma: Matrix, *, squared: bool) -> tuple[Vector, Callable[[Indices], NaiveRisk]]:
    variances = np.diagonal(Sigma)
    single = variances if squared else np.sqrt(variances)

    def ordered(order: Indices) -> NaiveRisk:
        C, inverse = Sigma[np.ix_(order, order)], 1.0 / single[order]

        def naive(stretch: Indices) -> float:
            block = slice(int(stretch[0]), int(stretch[-1]) + 1)
            v = inverse[block]
            variance = float(v @ C[block, block] @ v) / float(v.sum()) ** 2
            return variance if squared else float(np.sqrt(max(variance, 0.0)))

        return naive

    return single, ordered


def _bisected(order: Indices, single: Vector, ordered: Callable[[Indices], NaiveRisk]) -> Vector:
    """Hierarchical risk parity down the halves of the ordered assets."""
    n, naive = len(order), ordered(order)
    positions, weights = np.arange(n), np.ones(n)
    waiting = [(0, n)]
    while waiting:
        i, k = waiting.pop()
        if k - i < 2:
            continue
        j = i + (k - i) // 2
        left, right = naive(positions[i:j]), naive(positions[j:k])
        share = _share(left, right)
        weights[i:j] *= share
        weights[j:k] *= 1.0 - share
        waiting += [(i, j), (j, k)]
    out = np.empty(n)
    out[order] = weights
    return out


def _down_the_tree(merges: Matrix, nodes: list[int], single: Vector, ordered: Callable[[Indices], NaiveRisk]) -> Vector:
    """Hierarchical equal risk: down the tree to the clusters, inverse risk inside them."""
    n, pairs = len(merges) + 1, children(merges)
    order = leaves(merges)
    naive, positions = ordered(order), np.empty(n, dtype=np.intp)
    positions[order] = np.arange(n)
    weights = np.zeros(n)
    risk: dict[int, float] = {}
    for node in nodes:
        inside = leaves(merges, node)
        weights[inside] = 1.0 / single[inside] / (1.0 / single[inside]).sum()
        risk[node] = naive(np.sort(positions[inside]))
    for node in range(n, 2 * n - 1):  # children before parents
        a, b = (int(child) for child in pairs[node - n])
        if node not in risk and a in risk and b in risk:
            risk[node] = risk[a] + risk[b]
    waiting = [] if 2 * n - 2 in nodes else [2 * n - 2]
    while waiting:
        node = waiting.pop()
        a, b = (int(child) for child in pairs[node - n])
        share = _share(risk[a], risk[b])
        weights[leaves(merges, a)] *= share
        weights[leaves(merges, b)] *= 1.0 - share
        waiting += [child for child in (a, b) if child not in nodes]
    return weights


def _share(left: float, right: float) -> float:
    """What the left side gets: 1 - its share of the two risks; half where neither has any."""
    total = left + right
    return 1.0 - left / total if total > 0.0 else 0.5
