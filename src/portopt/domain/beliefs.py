"""What somebody believes of assets, sent once and named by its content afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.canonical import digest
from portopt.domain.errors import DataError

PREFIX = "bel-"


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
