"""Policies by the name that a command line gives: an id, a file, or one of a file's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portopt.domain.request import Policy
    from portopt.runtime import Runtime


def find_policy(name: str, runtime: Runtime) -> Policy:
    """A policy by id, or from a JSON file; `FILE#ID` picks one of several. Raises UnknownPolicy among others."""
    from portopt.questions import policies

    path, _, wanted = name.partition("#")
    if not (path.endswith(".json") or path == "-" or "/" in path or Path(path).is_file()):
        return policies.policy(name, runtime)
    return pick(read_policy_file(path), wanted, path)


def read_policy_file(path: str, costs: str | None = None) -> tuple[Policy, ...]:
    """Policies of a file in our format or S4's, with what they leave out taken from `costs` or from the shipped costs."""
    from portopt.dialects.policies import read_defaults, read_policies, shipped_defaults
    from portopt.doors.commands.documents import read_document

    defaults = shipped_defaults() if costs is None else read_defaults(read_document(costs, "costs"))
    return read_policies(read_document(path, "policy"), defaults)


def pick(found: tuple[Policy, ...], wanted: str, path: str) -> Policy:
    from portopt.domain.errors import InvalidValue, UnknownPolicy

    by_id = {policy.id: policy for policy in found}
    if wanted:
        if wanted not in by_id:
            raise UnknownPolicy(wanted, by_id)
        return by_id[wanted]
    if len(found) > 1:
        raise InvalidValue("--policy", path, f"holds {len(found)} policies", fix=f"pick one: {path}#{found[0].id}")
    return found[0]
