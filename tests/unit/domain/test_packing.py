"""What is packed comes back as it was, to the bit; the same value is the same bytes; nothing else is read."""

from __future__ import annotations

import math
import subprocess
import sys
import zlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import DataError
from portopt.domain.packing import pack, unpack


@dataclass(frozen=True, slots=True)
class Held:
    name: str
    more: Any


SIMPLE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False), st.dates(), st.fractions(),
    st.decimals(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.builds(Held, st.text(max_size=5), inner),
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, Held):
        return same(a.name, b.name) and same(a.more, b.more)
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b)) and str(a) == str(b)


@given(VALUES)
def test_what_is_packed_comes_back_in_value_and_type(value: Any) -> None:
    assert same(unpack(pack(value, [Held]), [Held]), value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, -0.0, np.nan, np.inf]),
        np.arange(6, dtype=np.int64).reshape(2, 3),
        np.zeros((0, 3)),
        np.array(["2020-01-02", "NaT"], dtype="datetime64[D]"),
        np.array([True, False]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
)
def test_arrays_come_back_to_the_bit(array: np.ndarray) -> None:
    found = unpack(pack({"x": (array, array[:0])}, []), [])["x"]
    assert found[0].dtype == array.dtype
    assert found[0].shape == array.shape
    assert found[0].tobytes() == np.ascontiguousarray(array).tobytes()
    assert found[1].shape == array[:0].shape


def test_single_numbers_of_numpy_stay_what_they_are() -> None:
    for value in (np.float64(0.1), np.int64(-3), np.float32(0.5)):
        found = unpack(pack([value], []), [])[0]
        assert (type(found), found) == (type(value), value)


def test_the_same_value_is_the_same_bytes_in_another_process() -> None:
    value = {"b": 0.1, "a": [Decimal("1.10"), date(2020, 1, 2), Fraction(1, 3)]}
    code = (
        "from portopt.domain.packing import pack; from decimal import Decimal; from datetime import date;"
        "from fractions import Fraction; import sys;"
        "sys.stdout.write(pack({'b': 0.1, 'a': [Decimal('1.10'), date(2020, 1, 2), Fraction(1, 3)]}, []).hex())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert elsewhere == pack(value, []).hex()


def test_a_kind_that_is_not_listed_is_neither_packed_nor_read() -> None:
    with pytest.raises(TypeError, match="Held"):
        pack(Held("a", 1), [])
    with pytest.raises(DataError):
        unpack(pack(Held("a", 1), [Held]), [])


@pytest.mark.parametrize("content", [b"", b"x", zlib.compress(b""), pack([1], [])[:-3], zlib.compress(b"\x05" + b"\0" * 15)])
def test_what_was_not_packed_is_not_read(content: bytes) -> None:
    with pytest.raises(DataError):
        unpack(content, [])
