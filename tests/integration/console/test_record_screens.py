"""Waves, runs, prices, policies, backtests, alerts and figures, as the service sends their screens."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import made_alerts
import orjson
import polars as pl
import pytest
import small_book
from integration.console.test_proposal_screens import Console

from portopt.adapters.providers.frames import FrameProvider
from portopt.dialects.policies import override, write_policy
from portopt.domain.holdings import Holdings
from portopt.domain.job import THROUGH_TIME
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.domain.universe import Universe
from portopt.domain.watch import Figure, labels
from portopt.doors.console.pages.backtests import books_of
from portopt.doors.console.pages.policies import next_version
from portopt.doors.console.pages.policy_form import draft_of, fields_of
from portopt.doors.console.reader import Reader
from portopt.doors.rest.app import application
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call, Reply
from portopt.questions.policies import seed_policies
from portopt.questions.rebalance import rebalance
from portopt.questions.through_time import pieces
from portopt.questions.wave import carry_out
from portopt.runs import jobs
from portopt.runs.through_time import life
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

SPLIT_DAY = datetime(2024, 3, 1).date()
POLICY = override(small_book.request().policy, {"limits.cash": {"max": 0.05}})
RULE = "costs_above_forecast"


def asked(portfolio_id: str, cash: int, policy: Any = POLICY) -> Any:
    held = Holdings(portfolio_id, {"A": Decimal(100), "B": Decimal(50)}, Decimal(cash))
    return small_book.request(cash, holdings=held, policy=policy)


def split(prices: pl.DataFrame) -> pl.DataFrame:
    """A halved up to a day, as after a split; C under another name."""
    a = pl.when(pl.col("date") < SPLIT_DAY).then(pl.col("A") / 2).otherwise(pl.col("A"))
    return prices.with_columns(a.alias("A")).rename({"C": "C2"})


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Two proposals and a refusal, other prices, an alert, and figures of three days."""
    made = open_runtime(Settings(home=tmp_path_factory.mktemp("records"), processes=1))
    seed_policies(made, (replace(POLICY, method_version="v1"), replace(POLICY, method_version="v2", description="The newer")))
    for name in ("P-1", "P-2"):
        made.portfolios.save(Portfolio(name, policy="small", universe=Universe.of(small_book.ASSETS)))
        rebalance(asked(name, 5_000), made, market=small_book.market(), frontier=False)
    with pytest.raises(Exception, match="cannot hold together"):
        rebalance(asked("P-1", 900, override(POLICY, {"limits.max_weight": 0.2})), made, market=small_book.market())
    other = asked("P-2", 7_000)
    rebalance(replace(other, universe=Universe.of(("A", "B", "C2"))), made, market=FrameProvider(split(small_book.prices())))
    made.alerts.save(
        [made_alerts.alert("P-1", rule=RULE)], [], [], on=made.alerts.standing().version, at=made_alerts.NOW, channels=[]
    )
    now = datetime.now(UTC)
    of = labels(portfolio="P-1")
    made.figures.put([Figure("book_drift", of, now - timedelta(days=k), 0.01 * (k + 1), 0.05) for k in range(3)])
    return made


@pytest.fixture(scope="module")
def console(here: Runtime) -> Console:
    """What works is answered by a thread of this process instead of a process of its own."""
    app = application(here)

    async def worked(call: Call) -> Reply:
        return await asyncio.to_thread(answer, call, here)

    app.state.service.pool.answer = worked
    return Console(app, here)


def sent(console: Console, page: str, path: str, **form: str) -> httpx.Response:
    """To this address, from the page at another."""
    token = re.search(r'name="csrf" content="(\w+)"', console.get(page).text)
    assert token is not None
    return console._sent("POST", path, data={"csrf": token[1], **form})


def runs(here: Runtime, **only: Any) -> list[str]:
    return [run.run_id for run in here.runs.runs(kind="rebalance", **only) if run.document is not None]


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_runs_are_listed_filtered_and_compared(console: Console, here: Runtime) -> None:
    page = console.get("/runs")
    assert page.status_code == 200
    assert page.text.count("data-href") == 4
    assert console.get("/runs", status="infeasible").text.count("data-href") == 1
    assert console.get("/runs", portfolio_id="P-2", kind="rebalance").text.count("data-href") == 2
    second, first = runs(here, portfolio_id="P-2")
    told = words(console.get("/runs/difference", a=first, b=second).text)
    assert "The two proposals disagree about" in told
    assert "What changed in the prices, by asset and date" in told
    assert console.get("/runs/difference", a=first).status_code == 303


def test_a_foreign_status_is_refused_in_words(console: Console) -> None:
    page = console.get("/runs", status="nonsense")
    assert page.status_code == 422
    assert "status" in words(page.text)


def test_the_next_page_of_a_list_keeps_what_is_filtered(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portopt.doors.wire.pages.USUAL", 1)
    page = console.get("/runs", portfolio_id="P-2")
    link = re.search(r'rel="next" href="/console([^"]+)"', page.text)
    assert link is not None
    path, _, query = link[1].replace("&amp;", "&").partition("?")
    after = console.get(path, **dict(parse_qsl(query)))
    assert after.status_code == 200
    assert after.text.count("data-href") == 1
    assert 'value="P-2"' in after.text


def test_a_report_comes_as_it_is_and_a_replay_says_whether_it_is_the_same(console: Console, here: Runtime) -> None:
    run = runs(here)[0]
    report = console.get(f"/runs/{run}/report")
    assert report.headers["content-type"].startswith("text/html")
    assert "sandbox" in report.headers["content-security-policy"]
    replayed = sent(console, "/runs", f"/runs/{run}/replay")
    assert "byte for byte" in words(replayed.text)


def test_packs_say_what_they_are_and_what_changed_between_two(console: Console, here: Runtime) -> None:
    page = console.get("/packs").text
    assert page.count("data-href") == 2
    assert "Apr 29, 2024" in page
    second, first = (here.runs.get(run).pricing_pack_id for run in runs(here, portfolio_id="P-2"))
    assert "Prices of Apr 29, 2024" in words(console.get(f"/packs/{first}").text)
    told = words(console.get("/packs/difference", a=str(first), b=str(second)).text)
    assert "C → C2: the same prices under another name" in told
    assert "A Feb 29, 2024 × 0.50 60" in told


def test_a_policy_is_read_in_words_and_its_versions_say_what_they_changed(console: Console) -> None:
    told = words(console.get("/policies/small").text)
    assert "each position at most 60.00 %" in told
    assert 'description: "" "The newer"' in told
    assert "v1" in words(console.get("/policies/small", version="v1").text)
    assert "largest position" in words(console.get("/terms/limits/max_weight").text)


def edited(console: Console, here: Runtime, **changes: str) -> dict[str, str]:
    stands = next(version.policy for version in here.runs.policy_versions("small"))
    return fields_of(write_policy(stands), Reader(locale=console.locale), "v3") | changes


def test_a_changed_policy_is_tried_and_kept_only_when_that_is_asked(console: Console, here: Runtime) -> None:
    fields = edited(console, here, **{"limits.max_weight": "45%"})
    tried = console.post("/policies/small/edit", **fields, do="preview", last="5")
    assert tried.status_code == 200
    assert "limits.max_weight: 0.6 0.45" in words(tried.text)
    assert "would be other" in words(tried.text)
    assert here.runs.policy("small").method_version == "v2"
    kept = console.post("/policies/small/edit", **fields, do="keep", key="once")
    assert (kept.status_code, kept.headers["location"]) == (303, "/console/policies/small")
    stands = here.runs.policy("small")
    assert (stands.method_version, stands.limits["max_weight"]) == ("v3", 0.45)


def test_a_tax_is_written_tried_kept_and_read_in_words(console: Console, here: Runtime) -> None:
    stands = next(version.policy for version in here.runs.policy_versions("small"))
    seed_policies(here, (replace(stands, id="taxed", name="Taxed", method_version="v1"),))
    fields = fields_of(write_policy(here.runs.policy("taxed")), Reader(locale=console.locale), "v2")
    kept = console.post("/policies/taxed/edit", **fields | {"tax": '{"regime": "germany"}'}, do="keep", key="taxed")
    assert kept.status_code == 303
    assert here.runs.policy("taxed").tax == {"regime": "germany"}
    told = words(console.get("/policies/taxed").text)
    assert "germany: every gain is taxed at 26.375 %" in told
    assert "tax: " in told


def test_a_version_that_is_there_is_not_overwritten(console: Console, here: Runtime) -> None:
    page = console.post("/policies/small/edit", **edited(console, here, method_version="v1", description="Other"), do="keep")
    assert page.status_code == 409
    assert "v1 was kept before" in words(page.text)
    assert here.runs.policy_versions("small")[-1].policy.description == ""


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("limits.max_weight", "plenty", "neither a number nor JSON"),
        ("limits.max_weight", "-2", "max_weight"),
        ("objective", "[]", "objective"),
        ("tax", '{"regime": "germany", "method": "lifo"}', "fifo"),
    ],
)
def test_what_cannot_be_kept_is_told_beside_what_was_written(
    console: Console, here: Runtime, field: str, value: str, says: str
) -> None:
    page = console.post("/policies/small/edit", **edited(console, here, **{field: value}, method_version="v9"), do="keep")
    assert page.status_code in (400, 422)
    assert says in words(page.text)
    shown = html.unescape(page.text)
    assert f'value="{value}"' in shown or f">{value}</textarea>" in shown


def test_what_was_not_touched_stays_to_the_last_digit() -> None:
    policy = {"id": "p", "name": "P", "limits": {"max_weight": 0.123456789012345}, "objective": {"kind": "min_risk"}}
    reader = Reader(locale="de_DE")
    fields = fields_of(policy, reader, "v2")
    assert fields["limits.max_weight"] == "0,12345679"
    assert draft_of(fields, policy, reader)["limits"] == policy["limits"]
    assert draft_of(fields | {"limits.max_weight": "12,5 %"}, policy, reader)["limits"] == {"max_weight": 0.125}
    assert draft_of(fields | {"limits.max_weight": ""}, policy, reader)["limits"] == {}
    assert draft_of(fields | {"add.limit": "max_positions", "add.value": "40"}, policy, reader)["limits"]["max_positions"] == 40


def test_versions_count_on() -> None:
    assert [next_version(one) for one in ("v2", "v1.9", "spring")] == ["v3", "v1.10", "spring.2"]


def test_a_backtest_is_asked_for_followed_and_read(console: Console, here: Runtime) -> None:
    pack = str(here.runs.get(runs(here, portfolio_id="P-1")[0]).pricing_pack_id)
    form = {"kind": "backtest", "portfolio_id": "P-1", "pricing_pack_id": pack, "capital": "1,000,000", "rebalance": "monthly",
            "policy": "small", "start": "2024-03-20", "end": ""}  # fmt: skip
    refused = console.post("/backtests/new", **form | {"start": "2030-01-01", "end": "2029-01-01"})
    assert refused.status_code == 422
    assert "is after the end" in words(refused.text)
    begun = console.post("/backtests/new", **form, key="one")
    assert begun.status_code == 303
    place = begun.headers["location"].removeprefix("/console")
    assert console.post("/backtests/new", **form, key="one").headers["location"] == begun.headers["location"]
    open_page = console.get(place).text
    assert f'data-live="/console{place}/events"' in open_page
    end(place.rpartition("/")[2], here)
    told = words(console.get(place).text)
    assert "Return in all" in told
    assert "Doing nothing" in told
    stream = console.get(f"{place}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "event: last" in stream.text
    assert console.get(f"{place}/report").status_code == 200
    assert "P-1" in console.get("/backtests").text


def end(job_id: str, here: Runtime) -> None:
    """What a worker does, without the engine that it runs on."""
    with jobs.leased(job_id, here, kinds=THROUGH_TIME) as job:
        assert job is not None
        question = life.question_of(job)
        snapshot = pieces.open_pack(question, here, jobs.trigger_of(job_id))
        run = life.begin(job, question, snapshot, here)
        for names in pieces.missing(run.run_id, here):
            for piece in names:
                pieces.work(run.run_id, piece, here)
        life.finish(job, run, pieces.conclude(run.run_id, here), {}, here)


def test_policies_of_a_comparison_stand_side_by_side() -> None:
    sides = [{"name": "calm", "summary": {"net": {"total_return": 0.1}}}, {"name": "failed", "summary": {"net": None}}]
    assert books_of({"strategies": sides}) == {"calm": {"total_return": 0.1}}
    assert books_of({"summary": {"net": {"sharpe": 1.0}, "benchmark": None}}) == {"net": {"sharpe": 1.0}}
    assert books_of(None) == {}


def test_an_alert_is_looked_after_silenced_and_told_again(console: Console, here: Runtime) -> None:
    assert "P-1 drifts by 7 %" in words(console.get("/alerts").text)
    place = f"/alerts/{made_alerts.alert('P-1', rule=RULE).alert_id}"
    assert console.get(place).status_code == 200
    assert sent(console, place, f"{place}/acknowledge", note="on it").headers["location"] == f"/console{place}"
    assert "on it" in words(console.get(place).text)
    assert sent(console, place, f"{place}/silence", hours="2.5", reason="planned").status_code == 303
    (silence,) = here.alerts.silences()
    assert (dict(silence.matches)["portfolio"], silence.ends - silence.starts) == ("P-1", timedelta(hours=2.5))
    assert sent(console, place, f"{place}/silence", hours="long", reason="planned").status_code == 422
    assert sent(console, place, f"/silences/{silence.silence_id}/end").status_code == 303
    assert list(here.alerts.silences(at=here.alerts.now())) == []


def test_figures_through_time_are_a_line_and_the_same_as_a_table(console: Console) -> None:
    assert "P-1" in console.get("/figures").text
    page = console.get("/figures", portfolio_id="P-1", name="book_drift", days="30").text
    assert page.count("5.00%") == 4  # three of the table, one of the newest
    plotted = re.search(r'data-plot="([^"]+)"', page)
    assert plotted is not None
    assert plotted[1].count("0.05") == 3
    assert "plotly" not in console.get("/figures", portfolio_id="P-1", name="book_cash").text


@pytest.fixture(scope="module")
def wave(console: Console, here: Runtime) -> str:
    """Three portfolios with proposals that wait, one without prices of what it holds."""
    for name, held in (
        ("W-1", {"A": 100, "B": 50}),
        ("W-2", {"A": 10, "B": 150}),
        ("W-3", {"B": 40, "C": 60}),
        ("W-4", {"NONE": 5}),
    ):
        here.portfolios.save(Portfolio(name, policy="small", universe=Universe.of(small_book.ASSETS)))
        here.portfolios.declare(Holdings(name, {asset: Decimal(n) for asset, n in held.items()}, Decimal(1_000)), "anna")
    pack = str(here.runs.get(runs(here, portfolio_id="P-1")[0]).pricing_pack_id)
    body = {"cause": "Prices of <Friday>", "kind": "prices", "portfolios": ["W-1", "W-2", "W-3", "W-4"],
            "pricing_pack_id": pack, "await_approval": True, "deadline": "2030-01-01T07:00:00Z"}  # fmt: skip
    made = asyncio.run(console.app.state.service.answer(Call("create_wave", body=orjson.dumps(body))))
    return str(orjson.loads(made.body)["wave_id"])


def test_a_wave_is_followed_decided_with_exceptions_and_says_what_is_left(console: Console, here: Runtime, wave: str) -> None:
    place = f"/waves/{wave}"
    open_page = console.get(place).text
    assert "Prices of &lt;Friday&gt;" in open_page
    assert f'data-live="/console{place}/events"' in open_page
    carry_out(wave, here)
    assert "event: last" in console.get(f"{place}/events").text
    page = console.get(place).text
    told = words(page)
    assert "4 of 4 are worked out, 3 have a proposal; deadlines: missed 0 of 4." in told
    assert "1 ×" in told
    assert page.count('type="checkbox"') == 3
    assert console.get(place, state="refused").text.count('type="checkbox"') == 0
    tied(console, wave, page)
    done = sent(console, place, f"{place}/decide", **{"except.W-2": "on"}, decision="approve", key="wave-once")
    assert "2 approved, 2 are left as they were" in words(done.text)
    states = {item.portfolio_id: item.status for item in here.waves.items(wave)}
    assert (states["W-1"], states["W-2"]) == (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL)


def tied(console: Console, wave: str, page: str) -> None:
    """What is traded in all is what the documents trade."""
    bought: dict[str, Decimal] = {}
    for item in console.runtime.waves.items(wave):
        for trade in (console.runtime.runs.get(item.run_id).document or {})["trades"] if item.run_id else ():
            if trade["side"] == "buy":
                bought[trade["asset_id"]] = bought.get(trade["asset_id"], Decimal(0)) + Decimal(repr(trade["shares"]))
    table = words(page[page.index('id="trades"') :])
    assert bought
    for asset, shares in bought.items():
        assert f"{asset} {shares:,f}".rstrip("0").rstrip(".") in table


def test_what_a_released_proposal_expected_stands_beside_what_came(console: Console, here: Runtime) -> None:
    """The run was released on the last day there are prices of: nothing came yet, and nothing is made up."""
    run = runs(here, portfolio_id="P-1")[0]
    assert "Choose a portfolio." in words(console.get("/afterwards").text)
    for page in (console.get(f"/runs/{run}/afterwards"), console.get("/afterwards", portfolio_id="P-1")):
        assert page.status_code == 200
        told = words(page.text)
        assert "No session after it has prices yet" in told
        assert "Return so far" in told
