"""How much a search may do, counted in what it did: the same end on any machine, however busy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.optimization.solvers.highs_search import NODE_CHECKPOINTS, ROOT_CHECKPOINTS, Found

USUAL_WORK = 5e7  # simplex iterations times rows, a few seconds' worth
USUAL_ITERATIONS = 500.0  # a node, before any were seen
SEEN = 20  # nodes after which what they took is believed
FEWEST_NODES, MOST_NODES = 20, 200_000


@dataclass(slots=True)
class Effort:
    """share: of the usual work. most: the usual. What was done so far is counted as it is done."""

    share: float = 1.0
    most: float = USUAL_WORK
    work: float = 0.0
    nodes: int = 0
    iterations: int = 0

    @property
    def used_up(self) -> bool:
        return self.work >= self.share * self.most

    def nodes_left(self, rows: int) -> int:
        """The nodes that what is left of the work allows, at what a node took so far."""
        a_node = self.iterations / self.nodes if self.nodes >= SEEN else USUAL_ITERATIONS
        left = (self.share * self.most - self.work) / (rows * max(a_node, 1.0))
        return int(np.clip(left, FEWEST_NODES, MOST_NODES))

    def checkpoints(self, nodes: int) -> int:
        """Those of a search of so many nodes, and this share of what bounds its root."""
        return max(int(min(self.share, 1.0) * ROOT_CHECKPOINTS) + NODE_CHECKPOINTS * nodes, 1)

    def count(self, found: Found, rows: int) -> None:
        """Count a search in whole numbers: its nodes are an example for those to come."""
        self.work += float(found.iterations) * rows
        self.nodes += max(found.nodes, 1)
        self.iterations += found.iterations
