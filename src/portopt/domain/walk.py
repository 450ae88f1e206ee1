"""How a history is cut for a walk-forward: training windows that choose, test windows that judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WalkForward:
    """Lengths in sessions. expanding: training begins at the first session always. purge: sessions between training and test
    that belong to neither; embargo: those after a test window that no later training may see.

    vary: {path in the policy: the values to try}, every combination a variant, chosen inside the training window only.
    """

    train: int = 756
    test: int = 252
    expanding: bool = False
    purge: int = 0
    embargo: int = 0
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
