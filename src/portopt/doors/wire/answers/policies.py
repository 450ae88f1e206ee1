"""Policies: which there are, what one says, and new versions of them."""

from __future__ import annotations

from portopt.dialects.policies import read_policy, shipped_defaults, write_policy
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.no_files import require_no_file
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.questions import policies


def listed(asked: Asked) -> Answered:
    """By id; of several versions the newest."""
    asked.only(*PAGED)
    size, after = size_of(asked), cursor_of(asked) or ""
    known = sorted(policies.policies(asked.runtime), key=lambda policy: policy.id)
    return Answered(page("policies", [p for p in known if p.id > after][: size + 1], size, _line, lambda policy: policy.id))


def get(asked: Asked) -> Answered:
    asked.only()
    return Answered(_whole(policies.policy(asked.call.place["policy_id"], asked.runtime)))


def put(asked: Asked) -> Answered:
    """A policy in our format or S4's, checked as a whole. The id is that of the path."""
    asked.only()
    named = asked.call.place["policy_id"]
    doc = asked.data()
    if isinstance(doc, dict):
        doc = {"id": named, **doc}
        if doc.pop("policy_id", named) != named:
            raise InvalidValue("policy_id", "another", f"the path says {named!r}", fix="leave it out, or say the same")
    policy = read_policy(doc, shipped_defaults())
    if policy.id != named:
        raise InvalidValue("id", policy.id, f"the path says {named!r}", fix="leave the id out, or say the same")
    require_no_file(policy)
    policies.seed_policies(asked.runtime, (policy,))
    return Answered(_whole(policy))


def _whole(policy: Policy) -> dict[str, object]:
    """In full, its id under both of its names: S4's for what refers to a policy, and a policy's own."""
    return {"policy_id": policy.id, **write_policy(policy)}


def _line(policy: Policy) -> dict[str, str]:
    told = {"policy_id": policy.id, "id": policy.id, "name": policy.name, "method_version": policy.method_version}
    return {**told, "objective": str(policy.objective.get("kind")), "description": policy.description}
