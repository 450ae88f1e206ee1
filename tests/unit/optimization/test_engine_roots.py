"""Roots of covariances of factors: the quick way for a diagonal says what the general way says."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.domain.program import psd_root


@pytest.mark.parametrize("k", [5, 150])
def test_the_root_of_a_diagonal_has_a_column_for_each_factor_with_variance(k):
    variances = np.linspace(0.0, 2.0, k)
    R = psd_root(np.diag(variances))
    assert R.shape == (k, k - 1)
    np.testing.assert_allclose(R @ R.T, np.diag(variances), atol=1e-15)
