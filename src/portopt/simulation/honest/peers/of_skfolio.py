"""skfolio: its folds, and a walk forward under a turnover limit, by its defaults."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from portopt.simulation.honest import made
from portopt.simulation.honest.outcome import Outcome, judged

LIMIT = 0.01  # max_turnover: the most that one weight may change
SLACK = 1e-5  # of its solver
SESSIONS = 321


def tests_tile() -> Outcome:
    from skfolio.model_selection import WalkForward

    folds = WalkForward(test_size=7, train_size=20, purged_size=4, reduce_test=True).split(np.zeros((60, 2)))
    tested = np.concatenate([test for _, test in folds])
    whole = np.array_equal(tested, np.arange(tested[0], 60))
    return judged(whole, f"tests tile rows {tested[0]} to {tested[-1]}; the purged rows lie before them")


def labels_of_random_length() -> Outcome:
    return Outcome("cannot be asked", "it purges a number of rows, and does not know where labels end")


def folds_by_hand() -> Outcome:
    from skfolio.model_selection import CombinatorialPurgedCV

    cv, wrong = CombinatorialPurgedCV(n_folds=4, n_test_folds=2, purged_size=0, embargo_size=1), 0
    for train, tests in cv.split(np.zeros((12, 2))):
        tested = {int(i) for part in tests for i in part}
        wrong += [i for i in range(12) if i not in tested and i - 1 not in tested] != train.tolist()
    return judged(wrong == 0, f"12 rows in 4 folds, an embargo of one row: {wrong} of 6 splits differ from those by hand")


def turnover_from_what_is_held() -> Outcome:
    default, drifting = _broken({}), _broken({"portfolio_params": {"weight_drift": True}})
    said = f"a limit of {LIMIT:.0%} is broken at {default[0]} of {default[1]} dates"
    return judged(default[0] == 0, f"{said}; at {drifting[0]} of {drifting[1]} with weight_drift, which is off by default")


def _broken(asked: dict[str, Any]) -> tuple[int, int]:
    """(dates on which some weight changed by more than the limit against what was held, dates)."""
    import pandas as pd
    from skfolio.model_selection import WalkForward, cross_val_predict
    from skfolio.optimization import MeanRisk

    P = made.drawn(SESSIONS, 5, 3)
    X = pd.DataFrame(P[1:] / P[:-1] - 1.0, columns=list(made.IDS[:5]), index=pd.DatetimeIndex(made.days(SESSIONS)[1:]))
    model = MeanRisk(max_turnover=LIMIT, previous_weights=np.full(5, 0.2), **asked)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        walked: Any = cross_val_predict(model, X, cv=WalkForward(test_size=10, train_size=120))
    held, broken, dates = None, 0, 0
    for part in walked.portfolios:
        w = np.asarray(part.weights)
        if held is not None:
            dates += 1
            broken += bool(np.abs(w - held).max() > LIMIT + SLACK)
        grown = w * np.prod(1.0 + np.asarray(part.X), axis=0)
        held = grown / grown.sum()
    return broken, dates


QUESTIONS: Mapping[int, Callable[[], Outcome]] = {
    9: tests_tile,
    10: labels_of_random_length,
    11: folds_by_hand,
    12: turnover_from_what_is_held,
}
