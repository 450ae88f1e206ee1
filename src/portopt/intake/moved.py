"""Something in a policy moved by its path, for a question of what would be if."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from portopt.dialects.policies import override
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import Policy, RebalanceRequest

EXAMPLE = "limits.max_turnover=0.15"
MOVABLE = ("limits", "objective", "costs")


def moved_request(request: RebalanceRequest, moved: Mapping[str, Any]) -> RebalanceRequest:
    """The same request with something in its policy moved."""
    if not moved:
        raise MissingInput("nothing is moved", field="moved", fixes=[f"name a path of the policy and a value: {EXAMPLE}"])
    for path, value in moved.items():
        if path.partition(".")[0] not in MOVABLE:
            why = f"is not what a what-if moves: what is believed, and who decides, stay ({', '.join(MOVABLE)} move)"
            raise InvalidValue(path, value, why, fix=f"ask the rebalance itself with --set {path}=…")
    return dataclasses.replace(request, policy=override(request.policy, moved))


def value_at(policy: Policy, path: str) -> object:
    """What stands there in a policy, None where nothing does."""
    from portopt.terms.catalog import limit_path

    found: Any = plain(policy)
    for step in limit_path(path).split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
