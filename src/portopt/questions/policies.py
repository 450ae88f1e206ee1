"""Which policies there are, what one says, and putting them into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.domain.errors import UnknownPolicy
from portopt.domain.found import Seeded
from portopt.domain.policy_preview import PolicyLine, PolicyVersion
from portopt.domain.request import Policy

if TYPE_CHECKING:
    from portopt.runtime import Runtime

PAGE_OF_TAXES = "methods/taxes.md"


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


def versions(policy_id: str, runtime: Runtime) -> tuple[PolicyVersion, ...]:
    """Every version that is kept, the one that counts first; of a shipped policy that nobody stored, that one.

    Raises UnknownPolicy.
    """
    stored = tuple(runtime.runs.policy_versions(policy_id)) if runtime.has_store else ()
    return stored or (PolicyVersion(policy(policy_id, runtime)),)


def in_words(policy: Policy) -> tuple[PolicyLine, ...]:
    """What it wants, forbids, charges and taxes, a line a term, in the order of the catalogs: a policy's own may get lost."""
    from portopt.terms.catalog import COSTS, LIMITS, parse_costs, parse_limits, parse_objective
    from portopt.terms.shared.dynamic import for_reading

    objective = parse_objective(policy.objective)
    limits = {limit.kind: limit for limit in parse_limits(for_reading(policy.limits))}
    costs = {cost.kind: cost for cost in parse_costs(policy.costs)}
    return (
        _line("objectives", objective.kind, policy.objective, objective.describe()),
        *(_line("limits", kind, policy.limits.get(kind), limits[kind].describe()) for kind in LIMITS if kind in limits),
        *(_line("costs", kind, policy.costs.get(kind), costs[kind].describe()) for kind in COSTS if kind in costs),
        *_of_tax(policy),
    )


def _of_tax(policy: Policy) -> tuple[PolicyLine, ...]:
    from portopt.taxation.rules import rules_of
    from portopt.taxation.words import sentences
    from portopt.terms.tax_limits.catalog import parse_tax_limits

    if not policy.tax:
        return ()
    rules = rules_of(policy.tax)
    limits = {limit.kind: limit.describe() for limit in parse_tax_limits(rules.limits)}
    said = [(name, policy.tax.get(name), words) for name, words in sentences(rules).items()]
    said += [(name, rules.limits[name], words) for name, words in limits.items()]
    return tuple(PolicyLine("tax", name, value, words, "", "", PAGE_OF_TAXES) for name, value, words in said)


def _line(part: str, name: str, value: Any, words: str) -> PolicyLine:
    from portopt.questions.catalog import catalog_line

    told = catalog_line(part, name)
    return PolicyLine(part, name, value, words, told.what, told.unit, told.page)


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
