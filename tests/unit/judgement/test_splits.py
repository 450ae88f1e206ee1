"""Training and test rows: indices by hand, and nothing that is learned reaches into a test."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import InvalidValue
from portopt.judgement.splits import checked_ends, combinatorial_splits, labels_of, purged, walk_forward_splits


@st.composite
def spans(draw: st.DrawFn) -> np.ndarray:
    T = draw(st.integers(12, 60))
    return np.array([min(T - 1, i + draw(st.integers(0, 6))) for i in range(T)])


def test_six_rows_by_hand() -> None:
    """Row 11: three groups of two, one tested, labels of two rows, an embargo of one row."""
    found = combinatorial_splits(6, 3, 1, ends=labels_of(6, 2), embargo=1)
    assert [split.test.tolist() for split in found.splits] == [[0, 1], [2, 3], [4, 5]]
    # Labels of 0 and 1 reach row 2, so 2 shares it and 3 is under embargo; 1 needs row 2; nothing comes after 5; 3 needs 4.
    assert [split.train.tolist() for split in found.splits] == [[4, 5], [0], [0, 1, 2]]


def test_six_rows_by_hand_without_labels_that_reach_on() -> None:
    found = combinatorial_splits(6, 3, 1, embargo=1)
    assert [split.train.tolist() for split in found.splits] == [[3, 4, 5], [0, 1, 5], [0, 1, 2, 3]]
    assert [split.train.tolist() for split in combinatorial_splits(6, 3, 2).splits] == [[4, 5], [2, 3], [0, 1]]


def test_ten_choose_two_gives_45_splits_and_9_paths() -> None:
    found = combinatorial_splits(103, 10, 2)
    assert (len(found.splits), len(found.paths)) == (45, 9)
    assert found.bounds == (0, 11, 22, 33, 43, 53, 63, 73, 83, 93, 103)


@given(spans(), st.integers(3, 6), st.integers(1, 2))
def test_no_label_that_is_learned_from_meets_one_that_is_tested(ends: np.ndarray, groups: int, tested: int) -> None:
    """Rows 9 and 10: random spans, no embargo; and the tests are as long as if there were no purge."""
    T = len(ends)
    try:
        found = combinatorial_splits(T, groups, tested, ends=ends)
    except InvalidValue:
        return
    plain = combinatorial_splits(T, groups, tested)
    for split, unpurged in zip(found.splits, plain.splits, strict=True):
        assert split.test.tolist() == unpurged.test.tolist()
        needed = {row for i in split.test for row in range(i, ends[i] + 1)}
        assert not any(needed & set(range(i, ends[i] + 1)) for i in split.train)
        left_out = set(unpurged.train) - set(split.train)
        assert all(needed & set(range(i, ends[i] + 1)) for i in left_out), "more was purged than had to be"


@given(st.integers(2, 8), st.integers(1, 3), st.integers(20, 80))
def test_every_path_tests_every_row_once_and_every_test_is_on_one_path(groups: int, tested: int, T: int) -> None:
    if tested >= groups:
        return
    found = combinatorial_splits(T, groups, tested)
    assert len(found.splits) == comb(groups, tested)
    assert len(found.paths) * groups == tested * len(found.splits)
    used = [(found.paths[p][g], g) for p in range(len(found.paths)) for g in range(groups)]
    assert len(set(used)) == len(used)
    assert all(g in found.splits[s].groups for s, g in used)
    assert np.concatenate([found.rows(g) for g in range(groups)]).tolist() == list(range(T))


def test_rolling_and_expanding_windows_by_hand() -> None:
    rolling = walk_forward_splits(10, 4, 3)
    assert [(s.train.tolist(), s.test.tolist()) for s in rolling] == [([0, 1, 2, 3], [4, 5, 6]), ([3, 4, 5, 6], [7, 8, 9])]
    expanding = walk_forward_splits(9, 4, 3, expanding=True, ends=labels_of(9, 2), embargo=1)
    assert [s.train.tolist() for s in expanding] == [[0, 1], [0, 1, 2, 3, 4]]
    assert [s.test.tolist() for s in expanding] == [[4, 5, 6], [7, 8]]


@given(st.integers(10, 60), st.integers(2, 9), st.integers(1, 9), st.booleans(), st.integers(1, 2), st.integers(0, 1))
def test_the_tests_of_a_walk_tile_what_comes_after_the_first_window(
    T: int, train: int, test: int, expanding: bool, label: int, embargo: int
) -> None:
    if label - 1 + embargo >= train:
        return
    found = walk_forward_splits(T, train, test, expanding=expanding, ends=labels_of(T, label), embargo=embargo)
    assert np.concatenate([split.test for split in found]).tolist() == list(range(train, T))
    for split in found:
        assert split.train[-1] == split.test[0] - label - embargo


def test_purging_looks_at_every_run_of_test_rows() -> None:
    assert purged(np.arange(10), [(2, 4), (7, 8)], labels_of(10, 2), 1).tolist() == [0]
    assert purged(np.arange(10), [(2, 4)], np.arange(10), 0).tolist() == [0, 1, 4, 5, 6, 7, 8, 9]


def test_windows_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidValue, match="the history has 10 rows and leaves none to test"):
        walk_forward_splits(10, 10, 1)
    with pytest.raises(InvalidValue, match="leave none of the 3 training rows before row 4"):
        walk_forward_splits(10, 3, 1, embargo=3)
    with pytest.raises(InvalidValue, match="at least 1"):
        walk_forward_splits(10, 3, 0)
    with pytest.raises(InvalidValue, match="more than the 3 tested"):
        combinatorial_splits(10, 3, 3)
    with pytest.raises(InvalidValue, match="leaves nothing to learn from"):
        combinatorial_splits(6, 3, 1, embargo=9)
    with pytest.raises(InvalidValue, match="from it on"):
        checked_ends(3, [0, 0, 2])
