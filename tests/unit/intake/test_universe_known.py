"""What is kept of a portfolio's assets when a request describes them."""

from __future__ import annotations

from portopt.domain.universe import Asset, Universe
from portopt.intake.standing import universe_known

A, B, C = Asset("A", quality_score=5.0), Asset("B", sector="Energy"), Asset("C")


def test_where_nothing_was_known_it_is_what_the_request_says() -> None:
    asked = Universe((A, B))
    assert universe_known(None, asked, {"A"}) is asked


def test_of_assets_that_were_known_it_is_what_was_said_last() -> None:
    later = Asset("A", quality_score=7.5)
    assert universe_known(Universe((A, B)), Universe((later,)), ()).assets == (later, B)


def test_what_may_be_held_is_not_widened_by_asking_but_what_is_held_is_among_it() -> None:
    assert universe_known(Universe((A,)), Universe((A, B, C)), {"A"}).assets == (A,)
    assert universe_known(Universe((A,)), Universe((A, B, C)), {"C"}).assets == (A, C)
    assert universe_known(Universe((A,)), Universe((A,)), {"UNSAID"}).assets == (A,)
