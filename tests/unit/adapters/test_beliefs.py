"""Beliefs on disk: what was stored is what is read, or it is said to be damaged."""

from __future__ import annotations

import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from portopt.adapters.store.beliefs import FileBeliefStore
from portopt.domain.beliefs import Beliefs
from portopt.domain.errors import DataError, UnknownThing

DENSE = Beliefs(("A", "Ö\0"), np.array([0.1, -0.0]), np.array([[0.04, 0.01], [0.01, 0.09]]))
FACTORS = Beliefs(("A", "B"), F=np.ones((2, 1)), Omega=np.eye(1), D=np.array([0.1, 0.2]), periods_per_year=252.0)
RETURNS = Beliefs(("A", "B"), returns=np.array([[0.01, np.nan], [0.02, 0.03]]), periods_per_year=12.0)


@pytest.fixture
def store(tmp_path) -> FileBeliefStore:
    return FileBeliefStore(tmp_path / "beliefs")


@pytest.mark.parametrize("given", [DENSE, FACTORS, RETURNS])
def test_what_was_stored_is_read_back_to_the_byte(store, given):
    beliefs_id = store.put(given)
    found = store.get(beliefs_id)
    assert (found.beliefs_id, found.ids, found.periods_per_year) == (beliefs_id, given.ids, given.periods_per_year)
    for name in ("expected_returns", "covariance", "F", "Omega", "D", "returns"):
        a, b = getattr(found, name), getattr(given, name)
        assert (a is None) == (b is None)
        assert a is None or (a.tobytes() == b.tobytes() and not a.flags.writeable)


def test_the_same_beliefs_are_one_file_that_is_written_once(store):
    store.put(DENSE)
    (path,) = store.directory.iterdir()
    before = path.stat().st_mtime_ns
    store.put(DENSE)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(store.put, [DENSE] * 16))) == 1
    assert [p.name for p in store.directory.iterdir()] == [path.name]
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["bel-" + "0" * 40, "", "../../etc/passwd", "bel-" + "0" * 40 + "\n", "bel-\0"])
def test_what_is_not_there_is_unknown_and_no_path(store, name):
    with pytest.raises(UnknownThing):
        store.get(name)


def test_a_changed_byte_is_noticed_and_sending_them_again_mends_it(store):
    beliefs_id = store.put(DENSE)
    path = store.directory / f"{beliefs_id}.npz"
    sound = path.read_bytes()
    for content in (sound[:-1], b"", sound.replace(b"\x9a\x99\x99\x99\x99\x99\xb9?", b"\x9a\x99\x99\x99\x99\x99\xc9?")):
        path.write_bytes(content)
        assert content != sound
        with pytest.raises(DataError) as error:
            store.get(beliefs_id)
        assert error.value.fixes
    assert store.put(DENSE) == beliefs_id
    assert store.get(beliefs_id).ids == DENSE.ids


class Poison:
    """Tells that it was loaded."""

    loaded = False

    def __reduce__(self):
        return (setattr, (Poison, "loaded", True))


def test_a_poisoned_pickle_is_never_loaded(store):
    beliefs_id = store.put(DENSE)
    path = store.directory / f"{beliefs_id}.npz"
    buffer = io.BytesIO()
    np.savez(buffer, labels=np.array([Poison()], dtype=object))
    for content in (buffer.getvalue(), pickle.dumps(Poison())):
        path.write_bytes(content)
        with pytest.raises(DataError):
            store.get(beliefs_id)
    assert Poison.loaded is False
