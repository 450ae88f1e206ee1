"""The answer to a question in one line, before its tables: what somebody who reads one line has to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.document.formats import decimal, measure, percent
from portopt.document.prices import step_in_words, worth_in_words

Document = Mapping[str, Any]
NOT_LUCK = 0.05  # a p-value below it


def of_alternatives(document: Document) -> str:
    """How many choices there are, and what doing nothing comes to."""
    cards = {card["name"]: card for card in document["alternatives"]}
    nothing = cards.get("do_nothing")
    if nothing is None:
        return f"{len(cards)} choices"
    broken = len(nothing["limits_broken"])
    breaks = f"breaks {broken} limit{'' if broken == 1 else 's'}" if broken else "keeps every limit"
    return f"{len(cards)} choices; doing nothing {breaks} and {nothing['gives_up']} for the policy"


def of_risk(document: Document) -> str:
    """ "volatility, annual: the current book 24.27 %, the optimal 23.63 %, the benchmark 23.79 %" """
    parts: Document = document["decomposition"]
    figures = document["figures"]
    name = next((part["measure"] for part in parts.values()), figures[0]["name"] if figures else "")
    values = {book: part["total"] for book, part in parts.items()} or (figures[0]["value"] if figures else {})
    books = ("current", "optimal", "benchmark")
    said = [f"the {book}{' book' if book == 'current' else ''} {percent(values[book])}" for book in books if book in values]
    return f"{name}: {', '.join(said)}" if said else "no measure of risk could be taken"


def of_compromises(document: Document) -> str:
    """How many compromises there are, and what the book as it is could gain for nothing."""
    axes, current = ", ".join(document["axes"]), document["current"]
    found = f"{len(document['points'])} compromises between {axes}"
    if current is None:
        return found
    gains = {axis: gain for axis, gain in (current.get("improvement") or {}).items() if abs(gain) > 1e-9}
    if not gains:
        return f"{found}; nothing is at least as good as the current book on every axis"
    better = " and ".join(f"{axis} by {decimal(abs(g)) if axis == 'esg' else percent(abs(g))}" for axis, g in gains.items())
    return f"{found}; the current book could better {better}, and lose nothing"


def of_moves(document: Document) -> str:
    """The limit that is worth most."""
    prices = [price for price in document["shadow_prices"] if price["worth"] is not None]
    if not prices:
        return "no limit that binds is worth anything: the weights move with what is believed alone"
    dearest = max(prices, key=lambda price: abs(float(price["worth"])))
    name = f"{dearest['limit']} {dearest['member']}".strip()
    stands, step = measure(dearest["bound"], dearest["unit"]), step_in_words(dearest["step"], dearest["unit"])
    return f"{name} at {stands} is the dearest of {len(prices)} that bind: {worth_in_words(dearest)} for {step} more"


def of_views(document: Document) -> str:
    """The asset that is believed in another way most."""
    count = len(document.get("views", []))
    if not count:
        return "no views: what is believed is what was estimated"
    row = max(document["beliefs"], key=lambda b: abs(b["expected_return_after"] - b["expected_return_before"]))
    moved = f"from {percent(row['expected_return_before'])} to {percent(row['expected_return_after'])} a year"
    return f"{count} view{'s move' if count > 1 else ' moves'} {row['asset_id']} most: its expected return goes {moved}"


def of_frontier(document: Document) -> str:
    """Its two ends, and where the book stands."""
    points, current = document["efficient_frontier"], document.get("current_portfolio")
    low, high = points[0], points[-1]
    ends = f"from {_point(low)} to {_point(high)}" if len(points) > 1 else _point(low)
    beside = f"; the current book {_point(current)}" if current and current.get("risk") is not None else ""
    return f"{len(points)} portfolios {ends}{beside}"


def _point(point: Document) -> str:
    return f"{percent(point['return'])} return at {percent(point['risk'])} risk"


def of_factors(document: Document) -> str:
    """How much the factors explain, and the largest exposure."""
    explained = f"the factors explain {percent(document['r_squared'], 1)} of the variance of the {document['portfolio']} book"
    if not document["exposures"]:
        return explained
    largest = max(document["exposures"], key=lambda line: abs(line["exposure"]))
    return f"{explained}; the largest exposure is {decimal(largest['exposure'])} to {largest['factor']}"


def of_forecasts(document: Document) -> str:
    """The covariance that was right, and whether that is more than luck."""
    scores = document["covariance"]
    best, first = min(scores, key=lambda score: float(score["qlike"])), scores[0]
    if len(scores) == 1:
        return f"{best['name']}: QLIKE {decimal(best['qlike'], 4)}, less is better"
    won = f"{best['name']} forecast risk best of {len(scores)} (QLIKE {decimal(best['qlike'], 4)}, less is better)"
    if best is first:
        worse = [s["name"] for s in scores[1:] if s["difference"] and s["difference"]["p_value"] < NOT_LUCK]
        return f"{won}; {', '.join(worse)} distinguishably worse" if worse else f"{won}; none is distinguishably worse"
    p = None if best["difference"] is None else best["difference"]["p_value"]
    better = "distinguishably" if p is not None and p < NOT_LUCK else "not distinguishably"
    return f"{won}, {better} better than {first['name']}"
