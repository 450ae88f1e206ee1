"""Documents that were read lately are remembered, as many as a bound lets."""

from __future__ import annotations

from portopt.adapters.store import written_documents
from portopt.adapters.store.written_documents import Written


def test_what_was_not_asked_for_longest_goes_first(monkeypatch):
    monkeypatch.setattr(written_documents, "MOST", 30)
    kept = written_documents._Remembered()
    for letters in ("first", "other"):
        kept.put(letters, Written(b"0123456789", letters))
    assert kept.get("first") == Written(b"0123456789", "first")
    kept.put("third", Written(b"0123456789", "third"))
    assert [kept.get(letters) is not None for letters in ("first", "other", "third")] == [True, False, True]


def test_one_that_is_larger_than_all_of_the_room_is_not_kept(monkeypatch):
    monkeypatch.setattr(written_documents, "MOST", 10)
    kept = written_documents._Remembered()
    kept.put("letters", Written(b"0123456789", "digest"))
    assert kept.get("letters") is None
    assert kept._size == 0
