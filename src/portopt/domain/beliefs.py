"""What somebody believes of assets, sent once and named by its content afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector, sealed
from portopt.domain.canonical import digest
from portopt.domain.covariance import Covariance
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.universe import CASH

PREFIX = "bel-"
SHOWN = 5  # names in a refusal


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """ids: of the assets, in the order of everything else.

    expected_returns: (n,) annual. covariance: (n, n) annual; or F: (n, k), Omega: (k, k), D: (n,) of F Ω F' + D.
    returns: (T, n) periodic simple returns. What is not given is None.
    """

    ids: tuple[str, ...]
    expected_returns: Vector | None = None
    covariance: Matrix | None = None
    F: Matrix | None = None
    Omega: Matrix | None = None
    D: Vector | None = None
    returns: Matrix | None = None
    periods_per_year: float | None = None

    def __post_init__(self) -> None:
        if self.covariance is not None and self.F is not None:
            raise DataError("beliefs have a covariance twice: as a matrix and by factors", field="beliefs")

    @property
    def beliefs_id(self) -> str:
        """`bel-…`, by content."""
        parts = (self.expected_returns, self.covariance, self.F, self.Omega, self.D, self.returns)
        return PREFIX + digest(list(self.ids), *parts, self.periods_per_year)[:40]

    def of(self, ids: Sequence[str]) -> Beliefs:
        """What is believed of these assets, in this order. CASH may be among them where it is not here: it has no risk.

        Raises InvalidValue for an asset that nothing is believed of.
        """
        place = {asset_id: i for i, asset_id in enumerate(self.ids)}
        unknown = [asset_id for asset_id in ids if asset_id not in place and asset_id != CASH]
        if unknown:
            named = ", ".join(unknown[:SHOWN]) + (f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else "")
            why = f"the beliefs {self.beliefs_id} know nothing of these strategies"
            fix = "upload beliefs of all of them, or leave the strategies out"
            raise InvalidValue("risk_parameters.beliefs", named, why, fix=fix)
        at = np.array([place.get(asset_id, -1) for asset_id in ids])
        return dataclasses.replace(
            self,
            ids=tuple(ids),
            expected_returns=_taken(self.expected_returns, at, np.nan),
            covariance=_taken(_taken(self.covariance, at), at, axis=1),
            F=_taken(self.F, at),
            D=_taken(self.D, at),
            returns=_taken(self.returns, at, axis=1),
        )

    def spread(self) -> Covariance | None:
        """Their covariance, dense or by factors; None where it is to be estimated from their returns."""
        if self.covariance is None and self.F is None:
            return None
        return Covariance(Sigma=self.covariance, F=self.F, Omega=self.Omega, D=self.D)


def _taken(part: Matrix | None, at: Indices, missing: float = 0.0, axis: int = 0) -> Matrix | None:
    """(len(at), …) the entries at these places, `missing` where the place is -1."""
    if part is None:
        return None
    found = np.take(part, np.maximum(at, 0), axis=axis)
    absent = np.flatnonzero(at < 0)
    if len(absent):
        found[(slice(None),) * axis + (absent,)] = missing
    return sealed(np.ascontiguousarray(found))
