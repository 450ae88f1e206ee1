"""Trades that somebody decided, the rest solved again around them, and the price of that."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from babel import numbers

from portopt.doors.console.pages.alternatives import kept
from portopt.doors.console.pages.trades import FIND
from portopt.doors.console.reader import Reader
from portopt.doors.console.seen import Page, Redirect, Seen
from portopt.doors.console.writing import read_number

PINNED, TYPED = "pin.", "typed."  # before an asset's id: as the operation reads it, as somebody typed it
WORDS: Final = ("none", "free")
NUMBER: Final = re.compile(r"[^\d.,'’\s\u00a0\u202f]+")


async def edit(seen: Seen) -> Page | Redirect:
    """State in the address: the trades that are pinned. What was typed is read as the reader writes, and told so."""
    place = {"run_id": seen.place["run_id"]}
    run, document = await asyncio.gather(seen.asking.of("get_run", place), seen.asking.of("get_document", place))
    pins = pins_of(seen.query, seen.reader, document["currency"])
    address = f"{seen.path}?{urlencode({PINNED + asset: trade for asset, trade in pins.items()})}" if pins else seen.path
    if any(name.startswith(TYPED) for name in seen.query) and not seen.is_part:
        return Redirect(address)
    edited = await seen.asking.of("edit", place, body={"trades": pins}) if pins else None
    given = {
        "run": run,
        "currency": document["currency"],
        "rows": rows_of(document, edited, pins, seen.query.get(FIND, "")),
        "written": {asset: written_trade(trade, seen.reader, document["currency"]) for asset, trade in pins.items()},
        "find": seen.query.get(FIND, ""),
        "edited": edited,
        "pins": pins,
        "key": secrets.token_urlsafe(16),
    }
    if not seen.is_part:
        return Page("edit.html", given)
    return Page("edit_part.html", given, headers={"HX-Push-Url": address})


async def keep(seen: Seen) -> Redirect:
    return await kept(seen, seen.form.get("choice", ""), {})


def pins_of(query: Mapping[str, str], reader: Reader, currency: str) -> dict[str, str]:
    """By asset: as the address has them, with what was typed in their place."""
    found = {name.removeprefix(PINNED): trade for name, trade in query.items() if name.startswith(PINNED)}
    typed = {name.removeprefix(TYPED): text for name, text in query.items() if name.startswith(TYPED)}
    spelled = {asset: spelled_trade(text, reader, currency) for asset, text in typed.items()}
    return {asset: trade for asset, trade in {**found, **spelled}.items() if trade}


def spelled_trade(text: str, reader: Reader, currency: str) -> str:
    """Shares, money, a percentage or a word as `edit` reads it; what is none of these goes as it is, and is refused in words.

    >>> spelled_trade("−1.250,5", Reader(locale="de_DE"), "EUR"), spelled_trade("5.000 €", Reader(locale="de_DE"), "EUR")
    ('-1250.5', '$5000')
    """
    written = text.strip().replace("−", "-")
    if not written or written.lower() in WORDS:
        return written.lower()
    digits = NUMBER.sub("", written).strip()
    number = read_number(digits, reader)
    if number is None:
        return written
    sign = "-" if "-" in written else ""
    if "%" in written:
        return f"{sign}{number}%"
    symbols = (currency, numbers.get_currency_symbol(currency, locale=reader.locale), "$")
    if any(symbol in written for symbol in symbols):
        return f"{sign}${number}"
    return f"{sign or ('+' if '+' in written else '')}{number}"


def written_trade(trade: str, reader: Reader, currency: str) -> str:
    """As whoever looks would have typed it."""
    symbol = numbers.get_currency_symbol(currency, locale=reader.locale)
    return trade.replace(".", numbers.get_decimal_symbol(reader.locale)).replace("$", symbol)


def rows_of(
    document: Mapping[str, Any], edited: Mapping[str, Any] | None, pins: Mapping[str, str], find: str
) -> list[dict[str, Any]]:
    """Every asset, those that are pinned or that the edit moves first, with the weight that the edit gives it."""
    moved = {} if edited is None else {row["asset_id"]: row for row in edited["trades"]}
    wanted = find.strip().casefold()
    rows = [
        {**row, **_edited(row, moved.get(row["asset_id"])), "pin": pins.get(row["asset_id"], "")}
        for row in document["proposal"]
    ]
    shown = [row for row in rows if row["pin"] or _has(row, wanted)]
    return sorted(shown, key=lambda row: (not row["pin"], not row["side"], -abs(row["weight_change"]), row["asset_id"]))


def _edited(row: Mapping[str, Any], edited: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the edit makes of a row; where it moves nothing there, what stands is what is wanted."""
    stands = row["target_weight"] if edited is None else edited["stands"]
    return {"edited": edited, "stands": stands, "after": stands if edited is None else edited["after"]}


def _has(row: Mapping[str, Any], wanted: str) -> bool:
    return not wanted or any(wanted in str(row[name] or "").casefold() for name in ("asset_id", "name", "sector"))
