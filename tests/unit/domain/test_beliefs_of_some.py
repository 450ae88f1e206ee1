"""Beliefs of some of the assets, in an order of the asker's own, with cash where nobody believes anything of it."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.beliefs import Beliefs
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH

F = np.array([[1.0], [0.5], [0.2]])
WHOLE = Beliefs(
    ("A", "B", "C"),
    expected_returns=np.array([0.1, 0.2, 0.3]),
    F=F,
    Omega=np.array([[0.04]]),
    D=np.array([0.01, 0.02, 0.03]),
    returns=np.arange(6.0).reshape(2, 3) / 100,
)


def test_some_in_another_order() -> None:
    some = WHOLE.of(["C", "A"])
    assert some.ids == ("C", "A")
    assert some.expected_returns is not None
    assert some.expected_returns.tolist() == [0.3, 0.1]
    assert some.returns is not None
    assert some.returns.tolist() == [[0.02, 0.0], [0.05, 0.03]]
    covariance, whole = some.spread(), WHOLE.spread()
    assert covariance is not None
    assert whole is not None
    np.testing.assert_allclose(covariance.dense(), whole.dense()[np.ix_([2, 0], [2, 0])])


def test_cash_has_no_risk_and_no_return_that_anybody_said() -> None:
    some = WHOLE.of(["B", CASH])
    covariance = some.spread()
    assert covariance is not None
    np.testing.assert_allclose(covariance.dense()[1], 0.0)
    assert some.expected_returns is not None
    assert np.isnan(some.expected_returns[1])


def test_what_nothing_is_believed_of_is_named() -> None:
    with pytest.raises(InvalidValue, match="X, Y") as refused:
        WHOLE.of(["A", "X", "Y"])
    assert refused.value.field == "risk_parameters.beliefs"
