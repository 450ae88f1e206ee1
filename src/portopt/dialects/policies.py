"""Policies as documents: our own format, and S4's `policy_templates.json` and `constraint_defaults.json`.

S4's names end in `_pct` and hold fractions; they are accepted under their own names and kept without the suffix.
Both formats may stand in one list. Every value goes through the term catalog, so a policy that was read can be solved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from portopt.dialects.names import S4_LIMITS
from portopt.dialects.reading import (
    flag,
    list_of,
    number,
    object_of,
    parse_json,
    required,
    shown,
    text,
    what,
    whole_number,
)
from portopt.dialects.records import FRACTIONS, MAX_TEXT, RANGES, json_object, record
from portopt.domain.canonical import plain
from portopt.domain.config_files import config_file
from portopt.domain.errors import InvalidValue, MalformedDocument, UnknownField
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, TradingRules, in_counted_work
from portopt.taxation.rules import in_fractions, rules_of

SCHEMA_VERSION = "1.0"
MAX_POLICIES = 1_000
LIBRARY = ("schema_version", "policies")
TERMS_THAT_GO = ("limits", "costs", "tax")
OURS = tuple(f.name for f in dataclasses.fields(Policy))
APPROVAL = ("four_eyes", "approvers", "hours")
MOST_APPROVERS = 9
LEAST_HOURS, MOST_HOURS = 0.01, 168.0
S4 = ("id", "name", "description", "method_version", *S4_LIMITS)
S4_DEFAULTS = ("commission_per_trade", "market_impact_bps", "min_trade_value", "risk_free_rate", "annualization_factor")

# S4 asks for a fully invested book. Whole shares can never come to exactly 100 %, so the remainder that one lot of
# the dearest shares leaves is allowed as cash: at most 2 % of the portfolio. It is never borrowed: long_only holds for
# cash too.
S4_CASH = {"max": 0.02}


@dataclass(frozen=True, slots=True)
class PolicyDefaults:
    """What a policy does not say itself: S4's constraint_defaults.json."""

    costs: Mapping[str, Any] = field(
        default_factory=lambda: {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15.0}}
    )
    min_trade_value: float = 100.0
    risk_free_rate: float = 0.02
    periods_per_year: float = 252.0


def read_defaults(doc: Any) -> PolicyDefaults:
    """S4's constraint_defaults.json (`config/costs.json`). Names that are absent keep S4's number."""
    found = object_of(doc, "", S4_DEFAULTS)
    base = PolicyDefaults()
    per_trade = number(found.get("commission_per_trade", 5.0), "commission_per_trade", low=0.0, high=1e9)
    impact = number(found.get("market_impact_bps", 15.0), "market_impact_bps", low=0.0, high=10_000.0)
    values = {
        ours: number(
            found.get(theirs, getattr(base, ours)),
            theirs,
            low=RANGES[ours][0],
            high=RANGES[ours][1],
            fraction=ours in FRACTIONS,
        )
        for theirs, ours in (
            ("min_trade_value", "min_trade_value"),
            ("risk_free_rate", "risk_free_rate"),
            ("annualization_factor", "periods_per_year"),
        )
    }
    money = Decimal(repr(per_trade))
    cents = money.quantize(Decimal("0.01"))
    costs = {"commission": {"per_trade": str(cents if cents == money else money)}, "linear_impact": {"bps": impact}}
    return PolicyDefaults(costs=costs, **values)


def read_policies(doc: Any, defaults: PolicyDefaults | None = None) -> tuple[Policy, ...]:
    """Policies from `{"policies": […]}`, a bare list, or one policy; ours and S4's fields, each strictly.

    defaults: for what a policy leaves out (costs, risk-free rate, smallest trade, periods a year); None is S4's numbers.
    Raises UnknownField, InvalidValue, MissingInput or MalformedDocument with the dotted path.
    """
    defaults = defaults or PolicyDefaults()
    if isinstance(doc, Mapping) and "policies" not in doc:
        return (read_policy(doc, defaults),)
    if isinstance(doc, Mapping):
        library = object_of(doc, "", LIBRARY)
        version = library.get("schema_version", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            raise InvalidValue("schema_version", shown(version), "is not known here", fix=f"use {SCHEMA_VERSION!r}")
        doc = library["policies"]
    elif not isinstance(doc, list):
        raise MalformedDocument(f"the document is {what(doc)}; policies are an object or a list of objects", value=shown(doc))
    items = list_of(doc, "policies", least=1, most=MAX_POLICIES)
    policies = tuple(read_policy(item, defaults, f"policies[{i}]") for i, item in enumerate(items))
    seen: set[tuple[str, str]] = set()
    for i, policy in enumerate(policies):
        key = (policy.id, policy.method_version)
        if key in seen:
            raise InvalidValue(f"policies[{i}].id", policy.id, f"stands twice with method_version {policy.method_version!r}")
        seen.add(key)
    return policies


def read_policy(doc: Any, defaults: PolicyDefaults | None = None, path: str = "") -> Policy:
    """One policy in our format or S4's; which one is told by its fields."""
    defaults = defaults or PolicyDefaults()
    is_s4 = isinstance(doc, Mapping) and "limits" not in doc and any(name in doc for name in S4_LIMITS)
    return checked(_read_s4(doc, defaults, path) if is_s4 else policy_from_data(doc, defaults, path), path)


def policy_from_data(doc: Any, defaults: PolicyDefaults | None = None, path: str = "") -> Policy:
    """A policy in our format, its shape checked and its terms not yet: those are checked when they are used."""
    defaults = defaults or PolicyDefaults()
    found = object_of(doc, path, OURS)
    given = {part: json_object(found.get(part, {}), _at(path, part)) for part in ("estimation", "trading")}
    estimation = _with_views({"periods_per_year": defaults.periods_per_year, **given["estimation"]})
    trading = in_counted_work({"min_trade_value": defaults.min_trade_value, **given["trading"]})
    objective = required(found, "objective", path)
    rf_low, rf_high = RANGES["risk_free_rate"]
    rate = number(
        found.get("risk_free_rate", defaults.risk_free_rate),
        _at(path, "risk_free_rate"),
        low=rf_low,
        high=rf_high,
        fraction=True,
    )
    relax_order = list_of(found.get("relax_order", []), _at(path, "relax_order"), most=100)
    notes = list_of(found.get("notes", []), _at(path, "notes"), most=100)
    return Policy(
        **_identity(found, path),
        objective=_objective(objective, _at(path, "objective")),
        limits=_limits(required(found, "limits", path), _at(path, "limits")),
        costs=json_object(found.get("costs", defaults.costs), _at(path, "costs")),
        risk_free_rate=rate,
        estimation=record(EstimationChoice, estimation, _at(path, "estimation")),
        data=record(DataPolicy, found.get("data", {}), _at(path, "data")),
        trading=record(TradingRules, trading, _at(path, "trading")),
        relax_order=tuple(text(name, _at(path, f"relax_order[{i}]")) for i, name in enumerate(relax_order)),
        notes=tuple(text(note, _at(path, f"notes[{i}]"), most=MAX_TEXT) for i, note in enumerate(notes)),
        approval=_approval(found.get("approval", {}), _at(path, "approval")),
        tax=_tax(found.get("tax", {}), _at(path, "tax")),
    )


def _with_views(estimation: dict[str, Any]) -> dict[str, Any]:
    """Views that are texts or a list of them, as the object that they are."""
    from portopt.estimation.views.spelled import as_choice

    return {**estimation, "views": as_choice(estimation["views"])} if "views" in estimation else estimation


def _objective(value: Any, path: str) -> dict[str, Any]:
    """In the catalog's words, whatever people call it; a text is a name alone."""
    from portopt.dialects.names import in_users_words
    from portopt.terms.catalog import objective_words

    given = value if isinstance(value, str) else json_object(value, path)
    with in_users_words({"objective": path}):
        return dict(objective_words(given))


def _limits(value: Any, path: str) -> dict[str, Any]:
    """Under the catalog's names, whatever people call them."""
    from portopt.terms.catalog import limit_words

    return dict(limit_words(json_object(value, path), path))


def _approval(value: Any, path: str) -> dict[str, Any]:
    found, read = object_of(value, path, APPROVAL), dict[str, Any]()
    for name, given in found.items():
        at = _at(path, name)
        if name == "four_eyes":
            read[name] = flag(given, at)
        elif name == "approvers":
            read[name] = whole_number(given, at, low=1, high=MOST_APPROVERS)
        else:
            read[name] = number(given, at, low=LEAST_HOURS, high=MOST_HOURS)
    return read


def _tax(value: Any, path: str) -> dict[str, Any]:
    """The words of a tax, once they are known to be rules; fractions as numbers, so that the same rules are the same policy."""
    from portopt.dialects.names import in_users_words
    from portopt.terms.tax_limits.catalog import parse_tax_limits

    given = json_object(value, path)
    if not given:
        return {}
    rules = rules_of(given, path)
    with in_users_words({"tax": path}):
        parse_tax_limits(rules.limits)
    return {name: value for name, value in in_fractions(given).items() if name != "limits" or value}


def _read_s4(doc: Any, defaults: PolicyDefaults, path: str) -> Policy:
    found = object_of(doc, path, S4)
    limits: dict[str, Any] = {"long_only": True}
    for theirs, ours in S4_LIMITS.items():
        if found.get(theirs) is not None:
            high = 1e6 if ours == "min_quality" else 1.0
            limits[ours] = number(found[theirs], _at(path, theirs), low=0.0, high=high, fraction=ours != "min_quality")
    return Policy(
        **_identity(found, path),
        objective={"kind": "max_sharpe"},
        limits={**limits, "cash": dict(S4_CASH)},
        costs=dict(defaults.costs),
        risk_free_rate=defaults.risk_free_rate,
        estimation=EstimationChoice(periods_per_year=defaults.periods_per_year),
        trading=TradingRules(min_trade_value=defaults.min_trade_value),
    )


def _identity(found: Mapping[str, Any], path: str) -> dict[str, Any]:
    policy_id = text(required(found, "id", path), _at(path, "id"))
    description = found.get("description", "")
    return {
        "id": policy_id,
        "name": text(found.get("name", policy_id), _at(path, "name"), most=MAX_TEXT),
        "method_version": text(found.get("method_version", "v1"), _at(path, "method_version")),
        "description": "" if description == "" else text(description, _at(path, "description"), most=MAX_TEXT),
    }


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def checked(policy: Policy, path: str = "") -> Policy:
    """The policy, once every term, estimator and relaxation it names is known. Raises UnknownField or InvalidValue."""
    from portopt.dialects.estimators import check_estimators
    from portopt.dialects.names import in_users_words
    from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
    from portopt.terms.shared.dynamic import for_reading

    names = {"limits": _at(path, "limits"), "objective": _at(path, "objective"), "costs": _at(path, "costs")}
    with in_users_words(names):
        parse_objective(policy.objective)
        limits = parse_limits(for_reading(policy.limits))
        parse_costs(policy.costs)
    check_estimators(policy.estimation, _at(path, "estimation"))
    may_give_way = [limit.kind for limit in limits if not limit.structural]
    for i, kind in enumerate(policy.relax_order):
        if kind not in may_give_way:
            where = _at(path, f"relax_order[{i}]")
            raise InvalidValue(where, kind, "is not a limit of this policy that may give way", fix=_one_of(may_give_way))
    return _in_numbers(policy)


def _in_numbers(policy: Policy) -> Policy:
    """Fractions that were spelled with a unit as the numbers they are; the very policy where there are none."""
    from portopt.terms.shared.percentages import in_fractions

    spelled = {part: getattr(policy, part) for part in ("objective", "limits", "costs")}
    meant = {part: in_fractions(value) for part, value in spelled.items()}
    return policy if meant == spelled else dataclasses.replace(policy, **meant)


def _one_of(names: list[str]) -> str:
    return f"use one of: {', '.join(names)}" if names else "leave relax_order empty: every limit here is structural"


def write_policy(policy: Policy) -> dict[str, Any]:
    """The policy in our format, everything explicit; `read_policy` gives it back equal."""
    return dict(plain(policy))


def override(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """The policy with values replaced by dotted path ({"limits.max_weight": 0.12}); None takes a limit, cost or tax word out.

    Raises UnknownField for a path that leads nowhere, and whatever reading the changed policy raises.
    """
    from portopt.terms.catalog import limit_path

    doc = write_policy(policy)
    for path, value in changes.items():
        names = limit_path(path).split(".")
        if names[0] == "approval":
            raise InvalidValue(path, shown(value), "is for the policy itself to say", fix="change the policy")
        inner = doc
        if names[0] == "tax":  # a policy that says nothing of it is written without
            within = inner.setdefault("tax", {})
            if names[1:2] == ["limits"] and len(names) > 2:
                within.setdefault("limits", {})
        for i, name in enumerate(names[:-1]):
            if name not in inner:
                raise UnknownField(name, inner, path=".".join(names[:i]), value=shown(value))
            if not isinstance(inner[name], dict):
                raise InvalidValue(".".join(names[: i + 1]), shown(inner[name]), "holds nothing inside that could be set")
            inner = inner[name]
        if value is None and len(names) > 1 and names[0] in TERMS_THAT_GO:
            inner.pop(names[-1], None)
        else:
            inner[names[-1]] = value
    return read_policy(doc)


def shipped_defaults() -> PolicyDefaults:
    """`config/costs.json` of this version."""
    return read_defaults(parse_json(config_file("costs.json").read_bytes()))


@lru_cache(maxsize=1)
def shipped_policies() -> tuple[Policy, ...]:
    """The policies this version comes with (`config/policies.json`), what they leave out from `config/costs.json`."""
    return read_policies(parse_json(config_file("policies.json").read_bytes()), shipped_defaults())
