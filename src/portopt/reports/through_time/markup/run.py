"""How it was run: what was asked, how orders become fills, what triggers a decision, the policy in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.document.formats import count, percent
from portopt.domain.canonical import canonical_text
from portopt.reports.markup.elements import prose, text
from portopt.reports.through_time import words
from portopt.reports.through_time.markup.evidence import facts
from portopt.reports.through_time.markup.parts import part

Row = Mapping[str, Any]
# What stands elsewhere on the page, or is too long for it.
ELSEWHERE = frozenset(
    (
        "policy",
        "rebalance",
        "execution",
        "universe",
        "prove",
        "seed",
        "prices",
        "members",
        "actions",
        "policies",
        "benchmark",
        "notes",
    )
)
EXECUTION = {
    "delay": ("Sessions to the fill", "{}"),
    "expires": ("Sessions that orders stay open", "{}"),
    "participation": ("Of a day's volume at most", "{}"),
    "fractional": ("Shares", "{}"),
    "commission_bps": ("Commission", "{} bps"),
    "commission_per_share": ("Commission a share", "{}"),
    "minimum_fee": ("Least fee of an order", "{}"),
    "spread_bps": ("Bid-ask spread, whole", "{} bps"),
    "impact": ("Impact, of the root of the day's share", "{}"),
    "cost_cap": ("Spread and impact at most", "{} of an order's value"),
    "borrow_rate": ("Borrowing a year", "{}"),
    "cash_rate": ("Interest on cash a year", "{}"),
}


def run(document: Row) -> str:
    """What was asked: policy, capital, triggers, execution."""
    request, execution = document["request"], document["execution"]
    rows = [
        *([("Policy", text(words.policy_name(document)))] if request.get("policy") else []),
        ("Decides", prose(triggers(request.get("rebalance")))),
        *([("Execution", prose("; ".join(printed)))] if (printed := execution.get("printed")) else []),
        *_executed(execution),
        *((text(_spoken(name)), text(_value(value))) for name, value in _asked(request)),
    ]
    at_once = "Orders are filled at the close that the decision saw (delay 0, as asked): live, nobody can do that."
    delay = f'<p class="note">{at_once}</p>'
    return part(
        "How it was run", "As it was asked.", delay if execution.get("delay") == 0 else "", facts(rows), _policy(request)
    )


def triggers(rebalance: Any) -> str:
    """The triggers as data, in a line."""
    if isinstance(rebalance, str) or not rebalance:
        return str(rebalance or "never")
    return ", or ".join(each if isinstance(each, str) else _trigger(each) for each in rebalance)


def _trigger(each: Row) -> str:
    """One of them: `first session of the month`, `every 21 sessions`, `drift 5.00 %`."""
    for joint, word in (("any", ", or "), ("all", ", and ")):
        if joint in each:
            return word.join(_trigger(one) for one in each[joint])
    if "session" in each:
        return f"{each['session']} session of the {each['of']}" + (f" ({each['calendar']})" if each.get("calendar") else "")
    if "every" in each:
        return f"every {count(each['every'], 'session')}"
    name, value = next(iter(sorted(each.items())))
    size = percent(value) if isinstance(value, float) else ""
    rest = ", ".join(f"{k.replace('_', ' ')} {_value(v)}" for k, v in sorted(each.items()) if k != name)
    return " ".join(filter(None, (name.replace("_", " "), size, rest and f"({rest})")))


def _executed(execution: Row) -> Iterator[tuple[str, str]]:
    for name, (label, form) in EXECUTION.items():
        value = execution.get(name)
        if value is None or (value in (0, 0.0) and name != "delay"):
            continue
        told = "fractions too" if value is True else "whole shares" if name == "fractional" else _rate(name, value)
        yield label, text(form.format(told))


def _rate(name: str, value: Any) -> str:
    return percent(value) if name in ("participation", "cost_cap", "borrow_rate", "cash_rate") else f"{value:g}"


def _asked(request: Row) -> list[tuple[str, Any]]:
    return [
        (name, value) for name, value in sorted(request.items()) if name not in ELSEWHERE and value not in (None, [], {}, ())
    ]


def _policy(request: Row) -> str:
    policy = request.get("policy")
    return _folded("The policy in full", policy) if isinstance(policy, Mapping) else ""


def _folded(title: str, policy: Row) -> str:
    """A policy, opened by whoever wants it."""
    told = [(text(_spoken(k)), text(_value(v))) for k, v in sorted(policy.items()) if v and k not in ("id", "name")]
    return f'<details class="print"><summary>{text(title)}</summary>\n{facts(told)}</details>' if told else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def _value(value: Any) -> str:
    """A scalar as it is, the rest as JSON."""
    return value if isinstance(value, str) else canonical_text(value)


def compared_run(document: Row) -> str:
    """Of a comparison: what all of them share, and each strategy's policy in full."""
    shared = [("Decides", prose(triggers(document.get("rebalance"))))] if document.get("rebalance") else []
    shared += [(_spoken(name), text(_value(document[name]))) for name in ("capital", "currency") if document.get(name)]
    policies = "".join(_folded(str(name), policy) for name, policy in sorted((document.get("policies") or {}).items()))
    fills = document.get("execution") or {}
    of_one = next(iter(sorted(fills.items())), (None, None))[1]
    execution = list(_executed(of_one)) if isinstance(of_one, Mapping) else []
    return part("How it was run", "The same for every strategy, but for its policy.", facts([*shared, *execution]), policies)
