"""Which rows of a history are learned from and which are held against: nothing that is learned reaches into a test.

A row's label is what is learned from it: it may need later rows (a return over five days needs five). `ends` (T,) says for
each row the last row that its label needs; left out, every label ends in its own row. What is purged or under embargo leaves
the training rows only: the test rows always tile the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices
from portopt.domain.errors import InvalidValue


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """train, test: rows in order. groups: the test's groups, of a combinatorial split."""

    train: Indices
    test: Indices
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Combinatorial:
    """bounds: (N + 1,) where groups begin, and the end. paths[p][g]: which split tests group g on path p."""

    bounds: tuple[int, ...]
    splits: tuple[Split, ...]
    paths: tuple[tuple[int, ...], ...]

    def rows(self, group: int) -> Indices:
        """(m,) the rows of a group."""
        return np.arange(self.bounds[group], self.bounds[group + 1])


def purged(candidates: Indices, tests: list[tuple[int, int]], ends: Indices, embargo: int = 0) -> Indices:
    """The candidates (m,) that share no row with a test row's label, nor begin within `embargo` rows of its end.

    tests: runs of test rows, each from its first row to before its second number. ends: (T,).
    Source: López de Prado (2018), Advances in financial machine learning, sections 7.4.1 and 7.4.2.
    """
    keep = np.ones(len(candidates), dtype=bool)
    for first, stop in tests:
        reach = int(ends[first:stop].max())
        keep &= (ends[candidates] < first) | (candidates > reach + embargo)
    return candidates[keep]


def walk_forward_splits(
    T: int, train: int, test: int, *, expanding: bool = False, ends: Indices | None = None, embargo: int = 0
) -> tuple[Split, ...]:
    """Windows that walk through T rows: each learns from what came before it; the tests tile the rows from `train` on.

    train: rows before each test that may be learned from, all of them where `expanding`. embargo: further rows left out
    between what the training labels need and the test. The last test is as long as what is left.

    Raises InvalidValue where the history is shorter than one window, or a window keeps no training row.
    """
    _at_least_one(train=train, test=test)
    if train >= T:
        raise InvalidValue("train", train, f"the history has {T} rows and leaves none to test", fix=f"use fewer than {T}")
    spans = checked_ends(T, ends)
    out = []
    for start in range(train, T, test):
        before = np.arange(0 if expanding else start - train, start)
        kept = before[spans[before] < start - embargo]
        if not len(kept):
            why = f"purge and embargo leave none of the {len(before)} training rows before row {start + 1}"
            raise InvalidValue("embargo", embargo, why, fix="a longer training window, or a shorter embargo")
        out.append(Split(kept, np.arange(start, min(start + test, T))))
    return tuple(out)


def combinatorial_splits(
    T: int, groups: int = 10, tested: int = 2, *, ends: Indices | None = None, embargo: int = 0
) -> Combinatorial:
    """Every choice of `tested` of the groups that T rows are cut into, as a test; the rest, purged, is learned from.

        C(N, k) splits, and k/N C(N, k) = C(N - 1, k - 1) paths that each test every row once

    10 choose 2: 45 splits, 9 paths. Source: López de Prado (2018), section 12.4.
    Raises InvalidValue for counts that mean nothing, or where a split keeps no training row.
    """
    _at_least_one(groups=groups, tested=tested)
    if not 1 <= tested < groups <= T:
        raise InvalidValue("groups", groups, f"must be more than the {tested} tested, and at most the {T} rows")
    spans = checked_ends(T, ends)
    bounds = (0, *np.cumsum([len(part) for part in np.array_split(np.arange(T), groups)]).tolist())
    splits = tuple(_combined(T, bounds, chosen, spans, embargo) for chosen in combinations(range(groups), tested))
    return Combinatorial(bounds, splits, _paths(splits, groups, tested))


def _combined(T: int, bounds: tuple[int, ...], chosen: tuple[int, ...], spans: Indices, embargo: int) -> Split:
    tests = [(bounds[g], bounds[g + 1]) for g in chosen]
    rows = np.concatenate([np.arange(*run) for run in tests])
    train = purged(np.setdiff1d(np.arange(T), rows), tests, spans, embargo)
    if not len(train):
        raise InvalidValue("embargo", embargo, f"leaves nothing to learn from where groups {chosen} are tested")
    return Split(train, rows, chosen)


def _paths(splits: tuple[Split, ...], groups: int, tested: int) -> tuple[tuple[int, ...], ...]:
    """The k-th split that tests a group is that group's part of the k-th path."""
    of_group = [[s for s, split in enumerate(splits) if g in split.groups] for g in range(groups)]
    return tuple(tuple(of_group[g][p] for g in range(groups)) for p in range(comb(groups - 1, tested - 1)))


def checked_ends(T: int, ends: npt.ArrayLike | None) -> Indices:
    """(T,) the last row of each label. Raises InvalidValue where a label ends before it begins or past the history."""
    if ends is None:
        return np.arange(T)
    spans = np.asarray(ends, dtype=np.intp)
    if spans.shape != (T,) or (spans < np.arange(T)).any() or (spans >= T).any():
        raise InvalidValue("ends", "", f"must hold for each of {T} rows a row from it on, at most {T - 1}")
    return spans


def labels_of(T: int, periods: int) -> Indices:
    """(T,) where labels end that each need `periods` rows, their own among them."""
    _at_least_one(periods=periods)
    return np.minimum(np.arange(T) + periods - 1, T - 1)


def _at_least_one(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise InvalidValue(name, count, "must be at least 1")
