"""Wide tables: what reading one takes grows with its size, and with nothing more. Counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.frames import FrameProvider
from portopt.tables.account import Account
from portopt.tables.frames import table_of_frame
from portopt.tables.names import numbered, repeated
from portopt.tables.returns import returns_of

NARROW, TIMES, ROWS = 100, 8, 12
GROWTH = 1.25 * TIMES  # calls: eight times the columns, and a little for what does not grow as evenly


def _frame(columns: int) -> pl.DataFrame:
    values = 100.0 * np.exp(np.random.default_rng(columns).normal(0.0, 0.01, (ROWS, columns)).cumsum(axis=0)).round(4)
    values[2, ::7] = np.nan
    days = np.arange("2024-01-01", "2024-01-13", dtype="datetime64[D]")
    prices = {f"A{i:04d}": values[:, i] for i in range(columns)}
    return pl.DataFrame({"date": days, **prices}).fill_nan(None)


def _pandas(columns: int) -> pd.DataFrame:
    return _frame(columns).to_pandas().set_index("date")


def _csv(columns: int, folder: Path) -> FileProvider:
    path = folder / f"{columns}.csv"
    _frame(columns).write_csv(path)
    return FileProvider(path)


WAYS: dict[str, Callable[[int, Path], Callable[[], Any]]] = {
    "a file": lambda n, folder: lambda provider=_csv(n, folder): provider._read,
    "a Polars frame": lambda n, folder: lambda frame=_frame(n): FrameProvider(frame),
    "a pandas frame": lambda n, folder: lambda frame=_pandas(n): FrameProvider(frame),
    "returns": lambda n, folder: lambda table=table_of_frame(_pandas(n).pct_change(), "x"): returns_of(table, Account("x")),
}


def _calls(work: Callable[[], Any]) -> int:
    """How many functions, Python's and C's, are called meanwhile."""
    count = [0]

    def called(frame: Any, event: str, argument: Any) -> None:
        count[0] += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]


@pytest.mark.parametrize("way", WAYS)
def test_eight_times_the_columns_are_eight_times_the_work(way, tmp_path):
    narrow, wide = (WAYS[way](n, tmp_path) for n in (NARROW, TIMES * NARROW))
    WAYS[way](3, tmp_path)()  # what is imported and compiled once is no part of it
    assert _calls(wide) <= GROWTH * _calls(narrow)


class _Compared(str):
    """A name that counts how often it is compared with another."""

    __slots__ = ()
    times = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        _Compared.times += 1
        return str.__eq__(self, other)


@pytest.mark.parametrize("look", [repeated, numbered], ids=["repeated", "numbered"])
def test_names_are_not_compared_every_one_with_every_other(look, monkeypatch):
    monkeypatch.setattr(_Compared, "times", 0)
    names = [_Compared(f"A{i}") for i in range(2_000)]
    assert not look([*names])
    assert _Compared.times < 3 * len(names)


def test_names_that_stand_twice_are_found():
    assert repeated(["b", "a", "c", "a", "b", "b"]) == ["a", "b"]
