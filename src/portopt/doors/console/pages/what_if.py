"""Limits and the risk aversion on sliders: moved in the browser by the derivatives, solved again and certified on release."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Mapping, Sequence
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
STILL: Final = 1e-9  # a weight


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
    moved = moved_of(seen.query)
    return await (_released(seen, moved) if seen.is_part and moved else _whole(seen, moved))


async def _released(seen: Seen, moved: Mapping[str, float]) -> Page:
    """The part that moves, after one question: what would be, solved and certified."""
    place = {"run_id": seen.place["run_id"]}
    solved = await seen.asking.of("what_if", place, body={"moved": moved})
    state = urlencode({MOVED + path: value for path, value in moved.items()})
    given = {"run": place, **shown(solved["stands"], rows_solved(solved), solved)}
    return Page("what_if_part.html", given, headers={"HX-Push-Url": f"{seen.path}?{state}"})


async def _whole(seen: Seen, asked: Mapping[str, float]) -> Page:
    """With the sliders; or, where they are back at what stands, the part that moves."""
    place = {"run_id": seen.place["run_id"]}
    run, slopes = await asyncio.gather(seen.asking.of("get_run", place), seen.asking.of("get_derivatives", place))
    stands = {move["path"]: move["value"] for move in slopes["moves"]}
    moved = {path: value for path, value in asked.items() if abs(value - stands.get(path, math.inf)) > SAME}
    solved = await seen.asking.of("what_if", place, body={"moved": moved}) if moved else None
    rows = rows_standing(slopes) if solved is None else rows_solved(solved)
    sliders = [slider(move, moved.get(move["path"], move["value"])) for move in slopes["moves"]]
    given = {"run": run, "slopes": slopes, "sliders": sliders, **shown(slopes["figures"], rows, solved)}
    return Page("what_if_part.html", given, headers={"HX-Push-Url": seen.path}) if seen.is_part else Page("what_if.html", given)


async def keep(seen: Seen) -> Redirect:
    return await kept(seen, seen.form.get("choice", ""), {})


def moved_of(query: Mapping[str, str]) -> dict[str, float]:
    """By path, what the address moves. Raises InvalidValue for what is no number."""
    return {name.removeprefix(MOVED): _number(name, text) for name, text in query.items() if name.startswith(MOVED)}


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


def shown(stands: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], solved: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the part that moves is filled with. stands: the figures of what stands."""
    before = _figures(stands)
    after = before if solved is None else _figures(solved["after"])
    return {
        "solved": solved,
        "figures": [
            {"name": name, "stands": before[name], "after": after[name]} for name in FIGURES if before.get(name) is not None
        ],
        "bars": sorted(rows, key=_place)[:MOST_BARS],
        "key": secrets.token_urlsafe(16),
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """The objective's own value is told as what a book is worth, where it was solved."""
    return {**found, "objective": found["worth"]["value"]} if found.get("worth") else dict(found)


def _place(row: Mapping[str, Any]) -> tuple[float, float, str]:
    """What trades most comes first, whatever is moved: a row stays where it is while somebody looks at it."""
    return -abs(row["stands"] - row["now"]), -abs(row["after"] - row["stands"]), row["asset_id"]


def rows_solved(solved: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(solved["trades"])


def rows_standing(slopes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What trades, or is moved by a slider."""
    move_at = {place for move in slopes["moves"] for direction in move["directions"] for place in direction["at"]}
    found = zip(slopes["assets"], slopes["now"], slopes["stands"], strict=True)
    return [
        {"asset_id": asset, "now": now, "stands": stands, "after": stands}
        for place, (asset, now, stands) in enumerate(found)
        if place in move_at or abs(stands - now) > STILL
    ]
