"""What a process does before its first call, so that nobody waits for libraries to load."""

from __future__ import annotations


def warm_up() -> None:
    """Load what answers need, and answer one small question."""
    import numpy as np

    from portopt import optimization, pipeline  # noqa: F401
    from portopt.dialects import portfolio, strategy
    from portopt.questions.weights import optimize

    returns = 0.01 * np.random.default_rng(1).standard_normal((40, 3))
    doc = {
        "portfolio_id": "warm-up",
        "strategies": [{"id": name, "returns": returns[:, i].tolist()} for i, name in enumerate("abc")],
        "objective": "MIN_VOLATILITY",
        "method": "MEAN_VARIANCE",
    }
    strategy.write_response(request := strategy.read_request(doc), optimize(request))
    portfolio.read_wish({"portfolio_id": "warm-up"})
