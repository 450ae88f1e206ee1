"""One installation for the console's own tests: portfolios with figures and states, as a watch and a wave write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fastapi import FastAPI
from integration.console.visiting import Visitor
from made_proposals import waiting

from portopt.domain.access import Principal
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.watch import Figure, labels
from portopt.doors.rest.app import application
from portopt.questions.wave import put_on_record
from portopt.runs.waves.start import Asked, WaveWish
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{ 7 * 7 }}"
SCOPES = ("ask", "read", "propose", "import", "approve", "watch", "admin")


@dataclass
class Morning:
    """run_id: of a proposal that waits; wave_id: of a wave that nobody carries out."""

    runtime: Runtime
    app: FastAPI
    run_id: str
    wave_id: str

    def visitor(self, *scopes: str, portfolios: frozenset[str] | None = None) -> Visitor:
        """Signed in, by a key of these scopes."""
        _, key = self.runtime.keys.create(Principal("+".join(scopes) or "all", frozenset(scopes or SCOPES), portfolios))
        visitor = Visitor(self.app)
        assert visitor.sign_in(key).status_code == 303
        return visitor


@pytest.fixture(scope="package")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    runtime = open_runtime(Settings(home=tmp_path_factory.mktemp("morning"), access="keys", answer_seconds=1.0))
    run_id = waiting(runtime, "P-waiting", n=8, frontier=False)
    for portfolio_id, name, cash in (
        ("P-quiet", "Quiet", 20_000),
        ("P-drifted", "Drifted", 20_000),
        ("P-marked", MARKUP, 90_000),
    ):
        runtime.portfolios.save(Portfolio(portfolio_id, name, "quality_focused"))
        runtime.portfolios.declare(Holdings(portfolio_id, {"AAPL": Decimal(100)}, Decimal(cash)), MARKUP)
    runtime.portfolios.save(Portfolio("P-empty", "Nothing held", "conservative_income"))
    measure(runtime, "P-quiet", drift=0.01)
    measure(runtime, "P-drifted", drift=0.08, asset="MSFT")
    measure(runtime, "P-marked", drift=0.01, asset=MARKUP, broken=2.0)
    now = datetime.now(UTC)
    wish = WaveWish(MARKUP, await_approval=True, asked_by=MARKUP, deadline=now + timedelta(hours=1))
    wave = put_on_record([Asked("P-quiet"), Asked("P-marked")], wish, runtime, now)
    return Morning(runtime, application(runtime), run_id, wave.wave_id)


def measure(runtime: Runtime, portfolio_id: str, *, drift: float, asset: str = "AAPL", broken: float = 0.0) -> None:
    """As a watch does, on what is held now."""
    of, now = labels(portfolio=portfolio_id), runtime.alerts.now()
    farthest = [{"asset": asset, "weight": 0.1 + drift, "target": 0.1}]
    runtime.figures.put(
        [
            Figure("book_value", of, now, 1_234_567.0),
            Figure("book_cash", of, now, 0.02, limit=0.0, detail={"ceiling": 0.05}),
            Figure("book_drift", of, now, drift, limit=0.05, detail={"farthest": farthest}),
            Figure("book_tracking_error", of, now, None, why="it has no benchmark"),
            Figure("book_limits_broken", of, now, broken, limit=0.0),
            Figure("book_price_age", of, now, 0.0, limit=0.0),
        ]
    )
