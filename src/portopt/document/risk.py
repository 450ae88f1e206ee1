"""The risk of several books as data."""

from __future__ import annotations

from typing import Any

from portopt.document.weights import by_asset
from portopt.domain.canonical import plain
from portopt.domain.found import RiskOfBooks, on_data


def risk_document(found: RiskOfBooks) -> dict[str, Any]:
    """A row a measure with its value for each book, the parts of one measure, the weights and their certificate."""
    first = next(iter(found.figures.values()), ())
    return {
        "portfolio_id": found.problem.portfolio_id,
        "optimal_weights": by_asset(found.problem, found.validated.weights),
        "figures": [
            {**plain(figure), "value": {name: column[k].value for name, column in found.figures.items()}}
            for k, figure in enumerate(first)
        ],
        "decomposition": {name: plain(parts) for name, parts in found.decomposition.items()},
        "left_out": [{**plain(left), "sentence": left.sentence} for left in found.left_out],
        "certificate": found.validated.certificate.without_readings(),
        **on_data(found.rests_on),
    }
