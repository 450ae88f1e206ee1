"""Every kind of problem says what it means, to who met it: a page is made of it, and no word of the code belongs there."""

from __future__ import annotations

import re

import pytest

from portopt.doors.rest.pages.problems import kinds

OF_THE_CODE = re.compile(r"`|\b[A-Z][a-z]+[A-Z]\w*|\braise[sd]?\b|\bclass\b")


@pytest.mark.parametrize(("code", "kind"), kinds().items(), ids=kinds())
def test_a_kind_of_problem_says_what_it_means_without_words_of_the_code(code: str, kind: type[Exception]) -> None:
    meaning = (vars(kind).get("__doc__") or "").partition("\n\n")[0].strip()
    assert meaning.endswith("."), code
    assert not OF_THE_CODE.search(meaning), meaning
