"""What only a browser shows of the screens of records: a wave that changes while somebody looks, keys, narrow screens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
import small_book
from integration.browser.devtools import Browser, Page
from made_proposals import served

from portopt.dialects.policies import override
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.domain.universe import Universe
from portopt.domain.watch import Figure, labels
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call, Reply
from portopt.doors.wire.pool import Pool
from portopt.doors.wire.standing import PACK
from portopt.questions.policies import seed_policies
from portopt.questions.rebalance import rebalance
from portopt.questions.wave import carry_out, put_on_record
from portopt.runs.waves.start import Asked, WaveWish
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

POLICY = override(small_book.request().policy, {"limits.cash": {"max": 0.05}})
BOOKS = ("W-1", "W-2")


class Desk(NamedTuple):
    runtime: Runtime
    url: str
    pack: str


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """What works is answered by a thread of this process, so that none has to be started."""
    here = open_runtime(Settings(home=tmp_path_factory.mktemp("records")))
    seed_policies(here, (POLICY,))
    for name in BOOKS:
        here.portfolios.save(Portfolio(name, policy="small", universe=Universe.of(small_book.ASSETS)))
        here.portfolios.declare(Holdings(name, {"A": Decimal(100), "B": Decimal(50)}, Decimal(1_000)), "anna")
    run = rebalance(small_book.request(5_000, policy=POLICY), here, market=small_book.market(), frontier=False)
    now = datetime.now(UTC)
    of = labels(portfolio="W-1")
    here.figures.put([Figure("book_drift", of, now - timedelta(days=k), 0.01 * (k + 1), 0.05) for k in range(3)])

    async def started(_pool: Pool) -> None:
        return None

    async def worked(_pool: Pool, call: Call) -> Reply:
        return await asyncio.to_thread(answer, call, here)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pool, "start", started)
        patch.setattr(Pool, "answer", worked)
        with served(here) as url:
            yield Desk(here, f"{url}/console", str(run.pricing_pack_id))


def press(page: Page, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" and len(key) == 1 else "")


def test_a_wave_fills_while_somebody_looks_and_is_decided_by_keys_alone(browser: Browser, desk: Desk) -> None:
    wish = WaveWish("Prices of Friday", provider=PACK + desk.pack, await_approval=True, asked_by="local")
    wave = put_on_record([Asked(name) for name in BOOKS], wish, desk.runtime, datetime.now(UTC))
    with browser.page() as page:
        page.open(f"{desk.url}/waves/{wave.wave_id}")
        assert "0 of 2 are worked out" in page.ask("document.body.innerText")
        carry_out(wave.wave_id, desk.runtime)
        page.wait_for("document.readyState === 'complete' && document.querySelectorAll('[name^=\"except.\"]').length === 2")
        for key in ("j", "x", "a"):
            press(page, key)
        page.wait_for("document.body?.innerText.includes('1 approved, 1 are left as they were')")
        assert page.complaints() == []
    stands = {item.portfolio_id: item.status for item in desk.runtime.waves.items(wave.wave_id)}
    assert stands == {"W-1": RunStatus.AWAITING_APPROVAL, "W-2": RunStatus.COMPLETED}


def test_a_changed_policy_is_tried_in_place_and_a_refusal_is_told_there(browser: Browser, desk: Desk) -> None:
    change = (
        "document.querySelector('[name=\"limits.max_weight\"]').value = '{}'; document.querySelector('[data-key=v]').click()"
    )
    with browser.page() as page:
        page.open(f"{desk.url}/policies/small/edit")
        page.ask("window.stayed = true")
        page.ask(change.format("45%"))
        page.wait_for("document.querySelector('#preview').innerText.includes('would be other')")
        page.ask(change.format("lots"))
        page.wait_for("document.querySelector('#problem').innerText.includes('neither a number nor JSON')")
        assert page.ask("window.stayed")
        assert desk.runtime.runs.policy("small").limits["max_weight"] == 0.6


@pytest.mark.parametrize("width", [1280, 390])
def test_every_screen_fits_says_nothing_wrong_and_asks_nobody_else(browser: Browser, desk: Desk, width: int) -> None:
    paths = ("waves", "runs", "packs", f"packs/{desk.pack}", "policies", "policies/small", "policies/small/edit",
             "terms/limits/max_weight", "backtests", "backtests/new?kind=comparison", "alerts", "afterwards",
             "figures?portfolio_id=W-1")  # fmt: skip
    with browser.page(width) as page:
        for path in paths:
            page.open(f"{desk.url}/{path}")
            wide = page.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert (path, wide) == (path, 0)
        page.wait_for("document.querySelector('#through-time .main-svg') !== null")
        assert page.complaints() == []
        assert [one for one in page.requests() if not one.startswith(desk.url.removesuffix("/console"))] == []
