"""Limits and the risk aversion on sliders: moved in the browser by the derivatives, solved again and certified on release."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from portopt.domain.errors import InvalidValue
from portopt.doors.console.pages.alternatives import kept
from portopt.doors.console.seen import Page, Redirect, Seen

MOVED: Final = "move."  # before a path of the policy, in the address
FIGURES: Final = ("expected_return", "volatility", "tracking_error", "turnover", "cost", "objective")
MOST_BARS: Final = 40
STEPS: Final = 400  # of a slider, from one end to the other, at least
SAME: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Slider:
    """least, most: its ends. start, end: of the range in which the derivatives hold, in percent of the way; base: it stands."""

    path: str
    title: str
    unit: str
    value: float
    at: float
    least: float
    most: float
    step: float
    start: float
    end: float
    base: float
    price: Mapping[str, Any] | None


async def what_if(seen: Seen) -> Page:
    """State in the address: what was moved, and where to."""
    place = {"run_id": seen.place["run_id"]}
    run, slopes = await asyncio.gather(seen.asking.of("get_run", place), seen.asking.of("get_derivatives", place))
    moved = moved_of(seen.query, slopes["moves"])
    solved = await seen.asking.of("what_if", place, body={"moved": moved}) if moved else None
    given = {
        "run": run,
        "slopes": slopes,
        "sliders": [slider(move, moved.get(move["path"], move["value"])) for move in slopes["moves"]],
        "moved": moved,
        "solved": solved,
        "figures": figures_of(slopes, solved),
        "bars": bars_of(slopes, solved),
        "key": secrets.token_urlsafe(16),
    }
    if not seen.is_part:
        return Page("what_if.html", given)
    state = urlencode({MOVED + path: value for path, value in moved.items()})
    return Page("what_if_part.html", given, headers={"HX-Push-Url": f"{seen.path}?{state}" if state else seen.path})


async def keep(seen: Seen) -> Redirect:
    return await kept(seen, seen.form.get("choice", ""), {})


def moved_of(query: Mapping[str, str], moves: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """By path, what the address moves away from what stands. Raises InvalidValue for what is no number."""
    stands = {move["path"]: move["value"] for move in moves}
    found = {name.removeprefix(MOVED): _number(name, text) for name, text in query.items() if name.startswith(MOVED)}
    return {path: value for path, value in found.items() if abs(value - stands.get(path, math.inf)) > SAME}


def _number(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidValue(name, text, "is no number", fix="move the slider")
    return found


def slider(move: Mapping[str, Any], at: float) -> Slider:
    """Wide enough that the range in which the derivatives hold is a part of it."""
    value, low, high = move["value"], move["low"], move["high"]
    reach = max(*(4 * abs(value - end) for end in (low, high) if end is not None), 0.3 * abs(value), 0.0)
    step = 10.0 ** math.floor(math.log10(2 * reach / STEPS)) if reach > 0 else 0.01
    least, most = max(value - reach, 0.0 if value >= 0 else -math.inf), value + reach
    least, most = min(least, at), max(most, at)

    def along(x: float) -> float:
        share: float = (min(max(x, least), most) - least) / (most - least)
        return round(100 * share, 3)

    return Slider(
        path=move["path"],
        title=move["title"],
        unit=move["unit"],
        value=value,
        at=at,
        least=least,
        most=most,
        step=step,
        start=along(least if low is None else low),
        end=along(most if high is None else high),
        base=along(value),
        price=move.get("price"),
    )


def figures_of(slopes: Mapping[str, Any], solved: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What stands, and what would be: certified where it was solved."""
    stands, after = slopes["figures"], slopes["figures"] if solved is None else solved_figures(solved["after"])
    known = [name for name in FIGURES if stands.get(name) is not None]
    return [{"name": name, "stands": stands[name], "after": after[name]} for name in known]


def solved_figures(after: Mapping[str, Any]) -> dict[str, Any]:
    worth = after["worth"]
    return {**after, "objective": None if worth is None else worth["value"]}


def bars_of(slopes: Mapping[str, Any], solved: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The assets that trade or may be moved most, with their weights. place: in the columns of the derivatives."""
    assets, now, stands = slopes["assets"], slopes["now"], slopes["stands"]
    after = stands if solved is None else [solved["after"]["weights"].get(asset, 0.0) for asset in assets]
    may_move = _may_move(len(assets), slopes["moves"])
    size = [max(abs(s - n), m, abs(a - s)) for n, s, a, m in zip(now, stands, after, may_move, strict=True)]
    order = sorted((i for i in range(len(assets)) if size[i] > 1e-9), key=lambda i: (-size[i], assets[i]))[:MOST_BARS]
    return [{"place": i, "asset_id": assets[i], "now": now[i], "stands": stands[i], "after": after[i]} for i in order]


def _may_move(n: int, moves: Sequence[Mapping[str, Any]]) -> list[float]:
    found = [0.0] * n
    for move in moves:
        for direction in move["directions"]:
            for place, by in zip(direction["at"], direction["by"], strict=True):
                found[place] = max(found[place], abs(by))
    return found
