"""The options of a rebalance, put together into one complete request. Nothing is written while they are read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portopt.dialects.portfolio import Wish
    from portopt.domain.request import Policy, RebalanceRequest
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Options:
    """The command line's words for a RebalanceOrder. sets: `path=value` texts, applied to the policy in order."""

    holdings: str | None = None
    prices: Path | None = None
    policy: str = "quality_focused"
    universe: Path | None = None
    benchmark: Path | None = None
    as_of: str | None = None
    provider: str | None = None
    portfolio_id: str | None = None
    fractional: bool | None = None
    sets: Sequence[str] = ()
    request: str | None = None


def read_order(options: Options, runtime: Runtime) -> RebalanceRequest:
    """Raises RequestError for what was asked wrongly, DataError for files that hold something else."""
    from portopt.dialects.policies import checked, override
    from portopt.dialects.requests import read_date
    from portopt.domain.errors import MissingInput
    from portopt.domain.request import Policy
    from portopt.doors.form import RebalanceOrder, resolve, with_factor_returns

    if options.holdings is None:
        fixes = ["--holdings holdings.csv", "--holdings sample for the demonstration book", "--holdings store for the last one"]
        raise MissingInput("--holdings is missing", field="--holdings", fixes=fixes)
    wish = None if options.request is None else _wish(options.request)
    order = RebalanceOrder(
        portfolio_id=options.portfolio_id or (wish and wish.portfolio_id) or _stem(options.holdings),
        as_of=None if options.as_of is None else read_date(options.as_of, "--as-of"),
        holdings=options.holdings,
        provider=_provider(options, runtime),
        universe=None if options.universe is None else str(options.universe),
        benchmark=None if options.benchmark is None else str(options.benchmark),
    )
    changes = read_sets(options.sets)
    if options.fractional is not None:
        changes["trading.fractional"] = options.fractional
    # The files first: a policy's id may open the database, and nothing is to be written for a file that cannot be read.
    request = resolve(order, runtime, policy=Policy("", "", objective={}, limits={}))
    request = dataclasses.replace(request, policy=find_policy(options.policy, runtime))
    if wish is not None:
        request = wish.asked_of(request)
        request = dataclasses.replace(request, policy=checked(request.policy))
    policy = override(request.policy, changes) if changes else request.policy
    return with_factor_returns(dataclasses.replace(request, policy=policy))


def _wish(path: str) -> Wish:
    """S2's request, of optimization or of rebalance."""
    from portopt.dialects.portfolio import read_wish
    from portopt.doors.commands.surface import read_document

    return read_wish(read_document(path, "request"))


def _stem(holdings: str) -> str:
    """The portfolio's id when none is given: the file's name without its endings."""
    name = Path(holdings).name
    return (name.split(".")[0] or "portfolio")[:64]


def _provider(options: Options, runtime: Runtime) -> str:
    from portopt.dialects.reading import one_of
    from portopt.domain.errors import InvalidValue
    from portopt.runtime import PROVIDERS

    if options.prices is not None:
        if options.provider not in (None, "files"):
            raise InvalidValue("--provider", options.provider, "does not read the file of --prices", fix="leave --provider out")
        return f"files:{options.prices}"
    if options.provider is None:
        return str(runtime.settings.market)
    if not options.provider.startswith("files:"):
        one_of(options.provider, "--provider", PROVIDERS)
    return options.provider


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
    from portopt.doors.commands.surface import read_document

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


def read_sets(sets: Sequence[str]) -> dict[str, Any]:
    """["limits.max_weight=0.12"] as {path: value}. Values are JSON where they are JSON, texts otherwise."""
    from portopt.dialects.reading import parse_json
    from portopt.domain.errors import InvalidValue, MalformedDocument

    changes: dict[str, Any] = {}
    for item in sets:
        path, equals, value = item.partition("=")
        if not equals or not all(path.split(".")):
            raise InvalidValue("--set", item, "is not PATH=VALUE", fix="--set limits.max_weight=0.12")
        try:
            changes[path.strip()] = parse_json(value)
        except MalformedDocument:
            if value.lstrip()[:1] in ("{", "[", '"'):
                raise
            changes[path.strip()] = _number_or_text(value)
    return changes


def _number_or_text(value: str) -> float | str:
    """ ".21" is a number to a person, though not to JSON."""
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value
