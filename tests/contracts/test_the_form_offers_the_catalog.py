"""The form's words are the catalogs': every measure of risk is offered, and every goal is an objective."""

from __future__ import annotations

from typing import get_args

from portopt.doors.form import Goal, Measure
from portopt.intake.policy import MEASURED_GOALS, OWN_GOAL
from portopt.terms.catalog import OBJECTIVES
from portopt.terms.risk_measures.catalog import RISK_MEASURES


def test_every_measure_of_risk_is_offered() -> None:
    assert list(get_args(Measure)) == list(RISK_MEASURES)


def test_every_goal_is_an_objective() -> None:
    assert set(get_args(Goal)) - {OWN_GOAL} <= OBJECTIVES.keys()
    assert set(MEASURED_GOALS) <= set(get_args(Goal))
