"""Which policies there are, what one says, and putting them into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt.domain.errors import UnknownPolicy
from portopt.domain.found import Seeded
from portopt.domain.request import Policy

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def policies(runtime: Runtime) -> tuple[Policy, ...]:
    """The policies this version ships, and the store's: a stored one of the same id is the one that counts."""
    from portopt.dialects.policies import shipped_policies

    stored = tuple(runtime.runs.policies()) if runtime.has_store else ()
    return tuple({p.id: p for p in (*shipped_policies(), *stored)}.values())


def policy(policy_id: str, runtime: Runtime) -> Policy:
    """One policy by id. Raises UnknownPolicy, naming the known ones."""
    known = {p.id: p for p in policies(runtime)}
    if policy_id not in known:
        raise UnknownPolicy(policy_id, known)
    return known[policy_id]


def seed_policies(runtime: Runtime, chosen: tuple[Policy, ...] | None = None) -> Seeded:
    """Put policies into the store. The shipped ones never overwrite what is there: it may have been edited."""
    from portopt.dialects.policies import shipped_policies

    if chosen is None:
        there = {(p.id, p.method_version) for p in runtime.runs.policies()}
        chosen = shipped_policies()
        kept = [p.id for p in chosen if (p.id, p.method_version) in there]
        new = tuple(p for p in chosen if p.id not in kept)
    else:
        kept, new = [], chosen
    changed = runtime.runs.save_policies(new) if new else 0
    return Seeded(tuple(p.id for p in chosen), changed, tuple(kept))
