"""Policies: which there are, what one says, and new versions of them."""

from __future__ import annotations

from typing import Any

from portopt.dialects.policies import read_policy, shipped_defaults, write_policy
from portopt.dialects.reading import list_of, object_of, required, text, whole_number
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy
from portopt.doors.wire.answers.runs import run_named
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.no_files import require_no_file
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.questions import policies
from portopt.runs import history

USUAL_LAST = 5


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
    policy = _read(asked, asked.data())
    policies.seed_policies(asked.runtime, (policy,))
    return Answered(_whole(policy))


def versions(asked: Asked) -> Answered:
    """The newest first, each in words and with what it changed."""
    from portopt.document.policies import versions_document

    asked.only()
    named = asked.call.place["policy_id"]
    found = policies.versions(named, asked.runtime)
    return Answered(versions_document(named, found, [policies.in_words(version.policy) for version in found]))


def preview(asked: Asked) -> Answered:
    """{policy, last, runs}: a changed policy, checked as it is when it is put, and the last proposals under it, or those that
    are named, as it would have made them. Nothing is kept.
    """
    from portopt.document.policies import preview_document
    from portopt.questions.policy_preview import MOST_PREVIEWED, policy_preview

    asked.only()
    found = object_of(asked.data(), "", ("policy", "last", "runs"))
    draft = _read(asked, required(found, "policy"), "policy")
    named = list_of([] if found.get("runs") is None else found["runs"], "runs", most=MOST_PREVIEWED)
    runs = [run_named(asked, text(run, f"runs[{i}]"), f"runs[{i}]").run_id for i, run in enumerate(named)]
    last = USUAL_LAST if found.get("last") is None else whole_number(found["last"], "last", low=0, high=MOST_PREVIEWED)
    if not runs:
        runs = history.proposals_under(draft.id, asked.runtime, limit=last, among=asked.call.who.portfolios)
    return Answered(preview_document(policy_preview(draft, runs, asked.runtime, until=asked.until)))


def _read(asked: Asked, doc: Any, path: str = "") -> Policy:
    """The policy of the path, as a body says it. Raises InvalidValue for another's, or one that names a file."""
    named, at = asked.call.place["policy_id"], f"{path}." if path else ""
    if isinstance(doc, dict):
        doc = {"id": named, **doc}
        if doc.pop("policy_id", named) != named:
            raise InvalidValue(f"{at}policy_id", "another", f"the path says {named!r}", fix="leave it out, or say the same")
    policy = read_policy(doc, shipped_defaults(), path)
    if policy.id != named:
        raise InvalidValue(f"{at}id", policy.id, f"the path says {named!r}", fix="leave the id out, or say the same")
    require_no_file(policy, path)
    return policy


def _whole(policy: Policy) -> dict[str, object]:
    """In full, its id under both of its names: S4's for what refers to a policy, and a policy's own."""
    return {"policy_id": policy.id, **write_policy(policy)}


def _line(policy: Policy) -> dict[str, str]:
    told = {"policy_id": policy.id, "id": policy.id, "name": policy.name, "method_version": policy.method_version}
    return {**told, "objective": str(policy.objective.get("kind")), "description": policy.description}
