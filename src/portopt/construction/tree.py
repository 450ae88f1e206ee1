"""The tree of similar assets: linkage, order of the leaves, clusters and how many."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Matrix


def linkage_of(distances: Matrix, method: str, leaf_order: str) -> Matrix:
    """(n - 1, 4) merges in SciPy's convention. leaf_order "optimal" puts nearest leaves beside each other (Bar-Joseph 2001)."""
    from scipy.cluster.hierarchy import linkage, optimal_leaf_ordering

    above = distances[np.triu_indices(len(distances), 1)]
    merges = linkage(above, method)
    return np.asarray(optimal_leaf_ordering(merges, above) if leaf_order == "optimal" else merges)


def children(merges: Matrix) -> Indices:
    """(n - 1, 2) the two nodes that node n + k joins."""
    return np.asarray(merges[:, :2], dtype=np.intp)


def leaves(merges: Matrix, node: int | None = None) -> Indices:
    """The leaves under a node (the root by default), left to right.

    merges: (n - 1, 4), see linkage_of. The answer: (k,) positions of assets.
    """
    n, pairs = len(merges) + 1, children(merges)
    found, waiting = [], [2 * n - 2 if node is None else node]
    while waiting:
        at = waiting.pop()
        if at < n:
            found.append(at)
        else:
            waiting += [int(pairs[at - n, 1]), int(pairs[at - n, 0])]
    return np.array(found, dtype=np.intp)


def cut(merges: Matrix, clusters: int) -> list[int]:
    """The nodes that are left when the last merges are undone: `clusters` of them, in the order of the leaves.

    merges: (n - 1, 4), see linkage_of.
    """
    n, pairs = len(merges) + 1, children(merges)
    first_kept = 2 * n - 1 - (clusters - 1)  # nodes are numbered as they were joined
    found, waiting = [], [2 * n - 2]
    while waiting:
        at = waiting.pop()
        if at < first_kept or at < n:
            found.append(at)
        else:
            waiting += [int(pairs[at - n, 1]), int(pairs[at - n, 0])]
    return found


def cluster_count(distances: Matrix, merges: Matrix, choice: str, most: int | None) -> int:
    """How many clusters, by the largest second difference of the within-cluster dispersion W_k.

        W_{k+2} - 2 W_{k+1} + W_k

    "gap": W_k the sum over clusters of all distances inside over the cluster's size; the answer is k + 1, where its fall ends.
    "gap_mean": the sum of the mean distances, and k + 1, as skfolio has it. Both over k = 1, 2, …, max(8, round(sqrt(n))).
    "gap_std": the sum of their standard deviations over k = 2, 3, …, min(10, sqrt(n)), and k, as Riskfolio-Lib has it.
    most: in the place of 8 and 10.
    Source: Tibshirani, Walther and Hastie (2001) for W; Yue, Wang and Wei (2008) for the second difference.

    distances: (n, n), zero on the diagonal. merges: (n - 1, 4), see linkage_of.
    """
    n = len(merges) + 1
    if n <= 2:
        return n
    if choice != "gap_std":
        largest = min(n, max(8, round(np.sqrt(n))) if most is None else max(most, 3))
        levels = range(1, largest + 1)
    else:
        largest = min(n, int(min(10 if most is None else most, np.sqrt(n)) + 2))
        levels = range(2, max(largest, 4) + 1)
    W = np.array([_dispersion(distances, merges, k, choice) for k in levels if k <= n])
    if len(W) < 3:
        return 2
    best = int(np.argmax(W[2:] + W[:-2] - 2.0 * W[1:-1]))
    return best + 2


def _dispersion(distances: Matrix, merges: Matrix, clusters: int, choice: str) -> float:
    total = 0.0
    for node in cut(merges, clusters):
        at = leaves(merges, node)
        if len(at) > 1:
            inside = distances[np.ix_(at, at)][np.triu_indices(len(at), 1)]
            total += float({"gap": inside.sum() / len(at), "gap_mean": inside.mean(), "gap_std": inside.std()}[choice])
    return total
