"""What changed in the decision between two runs: the question, the data, the weights, the trades, the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from portopt.document.formats import count, listed, percent

# Two weights closer than this are the same decision: the polish leaves 1e-15, the audit allows 1e-9.
SAME_WEIGHT = 1e-9


def decision_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Two documents compared; every list holds only what differs, the largest change first."""
    weights = _weights(a, b)
    answer = {
        "a": {key: a[key] for key in ("run_id", "portfolio_id", "as_of")},
        "b": {key: b[key] for key in ("run_id", "portfolio_id", "as_of")},
        "pricing_pack": {"a": a["pricing_pack"]["id"], "b": b["pricing_pack"]["id"]},
        "policy": changed_paths(a["policy"], b["policy"]),
        "beliefs": _beliefs(a["inputs"], b["inputs"]),
        "weights": weights,
        # Half the sum of absolute changes: how much of the portfolio the two decisions disagree about.
        "weights_moved": sum(abs(row["change"]) for row in weights) / 2,
        "trades": _trades(a, b),
        "figures": _figures(a, b),
        "headline": changed_paths(a["headline"], b["headline"]),
        "binding": _binding(a, b),
    }
    return {"sentence": _sentence(answer), "same": not weights and not answer["trades"], **answer}


def _weights(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    old = {row["asset_id"]: row["weight_after"] for row in a["proposal"]}
    new = {row["asset_id"]: row["weight_after"] for row in b["proposal"]}
    return _changes(old, new, "asset_id")


def _beliefs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Expected returns that moved; an asset only one side knows has null on the other."""
    return _changes(dict(zip(a["assets"], a["mu"], strict=True)), dict(zip(b["assets"], b["mu"], strict=True)), "asset_id")


def _changes(old: Mapping[str, float], new: Mapping[str, float], name: str) -> list[dict[str, Any]]:
    rows = []
    for key in sorted({*old, *new}):
        change = new.get(key, 0.0) - old.get(key, 0.0)
        if abs(change) > SAME_WEIGHT:
            rows.append({name: key, "a": old.get(key), "b": new.get(key), "change": change})
    return sorted(rows, key=lambda row: (-abs(row["change"]), row[name]))


def _trades(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Orders that differ, as signed shares; null where one side does not trade the asset."""

    def signed(document: Mapping[str, Any]) -> dict[str, float]:
        return {t["asset_id"]: t["shares"] if t["side"] == "buy" else -t["shares"] for t in document["trades"]}

    old, new = signed(a), signed(b)
    return [
        {"asset_id": asset, "a": old.get(asset), "b": new.get(asset)}
        for asset in sorted({*old, *new})
        if old.get(asset) != new.get(asset)
    ]


def _figures(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The proposed book's figures on either side."""
    old = {row["name"]: row["after"] for row in a["figures"]}
    rows = []
    for row in b["figures"]:
        before, after = old.get(row["name"]), row["after"]
        if before != after:
            change = None if before is None or after is None else after - before
            rows.append({**{k: row[k] for k in ("name", "label", "unit")}, "a": before, "b": after, "change": change})
    return rows


def _binding(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, list[str]]:
    def names(document: Mapping[str, Any]) -> set[str]:
        return {limit["limit"] for limit in document["limits"] if limit["binding"] and not limit["structural"]}

    return {"began": sorted(names(b) - names(a)), "ceased": sorted(names(a) - names(b))}


def changed_paths(a: Any, b: Any, path: str = "") -> list[dict[str, Any]]:
    """Leaves that differ between two nested values, by dotted path."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        rows = []
        for key in sorted({*a, *b}):
            rows += changed_paths(a.get(key), b.get(key), f"{path}.{key}" if path else str(key))
        return rows
    return [] if a == b else [{"path": path, "a": a, "b": b}]


def _sentence(answer: Mapping[str, Any]) -> str:
    if not answer["weights"] and not answer["trades"]:
        return "The two runs decide the same."
    causes = [
        *(["the prices"] if answer["pricing_pack"]["a"] != answer["pricing_pack"]["b"] else []),
        *(["the policy"] if answer["policy"] else []),
    ]
    differ = "differs" if causes == ["the policy"] else "differ"
    why = f"; {listed(causes)} {differ}" if causes else ""
    trades = count(len(answer["trades"]), "order")
    return f"The two proposals disagree about {percent(answer['weights_moved'])} of the portfolio and {trades}{why}."


def first_differences(a: Any, b: Any, most: int = 10) -> list[dict[str, Any]]:
    """Where two documents differ: the first places, with what stands there in each. `None` where nothing does.

    >>> first_differences({"x": 1, "y": [1, 2]}, {"x": 1, "y": [1, 3]})
    [{'path': 'y[1]', 'a': 2, 'b': 3}]
    """
    return list(islice(_differing("", a, b), most))


def _differing(path: str, a: Any, b: Any) -> Iterator[dict[str, Any]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys((*a, *b)):
            yield from _differing(f"{path}.{name}" if path else str(name), a.get(name), b.get(name))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differing(f"{path}[{i}]", x, y)
    elif a != b:
        yield {"path": path, "a": _short(a), "b": _short(b)}


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return f"an object of {len(value)}"
    return f"a list of {len(value)}" if isinstance(value, list) else value
