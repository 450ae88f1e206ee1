"""The console in a real browser, against its bars: python tests/benchmarks/console_rows.py --books 500 --assets 500.

A server process of its own on SQLite, with a desk of so many portfolios and one proposal of so many assets. A row a figure: the
first byte of the desk and of the proposal; until their keys answer; a slider let go until its figures are certified; a trade
that is typed until the rest is solved around it; each the median and the 95th percentile of --times, in milliseconds of the
clock, so that it means something on a quiet machine alone. Exit code 1 where a bar is not met.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(Path(__file__).parent)]

import desk_rows  # noqa: E402 - beside this file
import made_proposals  # noqa: E402 - beside the tests
from integration.browser.devtools import Browser, Page, chromium  # noqa: E402
from integration.service.serving import Served, serve  # noqa: E402

HEADER = f"{'what':<44}{'median ms':>11}{'p95 ms':>9}{'bar':>7}"
WHERE = 'location.search + document.getElementById("after").innerText.slice(0, 300)'
LET_GO = """
new Promise((done) => {
  const slider = document.querySelector('.sliders input[type=range]'), form = slider.form;
  const move = JSON.parse(form.dataset.slopes).moves.find((one) => 'move.' + one.path === slider.name);
  const end = move.high - move.value > move.value - move.low ? move.high : move.low;
  slider.value = move.value + PART * (end - move.value);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  const from = performance.now();
  const swapped = () => {
    if (!document.getElementById('shown').classList.contains('certified')) return;
    document.body.removeEventListener('htmx:afterSwap', swapped);
    done(performance.now() - from);
  };
  document.body.addEventListener('htmx:afterSwap', swapped);
  setTimeout(() => done(-1), 20000);
  slider.dispatchEvent(new Event('change', { bubbles: true }));
})
"""


@dataclass(frozen=True)
class Row:
    what: str
    times: Sequence[float]
    bar: float

    @property
    def p95(self) -> float:
        return sorted(self.times)[max(0, round(0.95 * len(self.times)) - 1)]

    def __str__(self) -> str:
        return f"{self.what:<44}{statistics.median(self.times):>11.0f}{self.p95:>9.0f}{self.bar:>7.0f}"


def first_byte(served: Served, path: str, times: int) -> list[float]:
    """Milliseconds from the request to the first byte of the page itself; asked once before."""
    taken = []
    with httpx.Client(base_url=served.url, timeout=60) as client:
        for _ in range(times + 1):
            began = time.perf_counter()
            with client.stream("GET", path) as answer:
                assert answer.status_code == 200, path
                next(answer.iter_raw())
                taken.append(1000 * (time.perf_counter() - began))
    return taken[1:]


def until_keys_answer(page: Page, url: str, times: int) -> list[float]:
    """From the click to when the document is there and its scripts have run."""
    taken = []
    for _ in range(times):
        page.open(url)
        taken.append(float(page.ask("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")))
    return taken


def let_go(page: Page, url: str, times: int) -> list[float]:
    page.open(url)
    page.wait_for("document.querySelector('.sliders input[type=range]') !== null", 60)
    taken = [float(page.ask(LET_GO.replace("PART", str((k % 8 + 2) / 10)))) for k in range(times + 1)][1:]
    assert min(taken) > 0.0, f"a slider was let go, and nothing was certified: {taken}, {page.ask(WHERE)}"
    return taken


def typed(served: Served, run: str, assets: Sequence[str]) -> list[float]:
    """A trade pinned, the page with its price back."""
    taken = []
    with httpx.Client(base_url=served.url, timeout=60) as client:
        for asset in ("", *assets):
            began = time.perf_counter()
            page = client.get(f"/console/runs/{run}/edit" + (f"?pin.{asset}=none" if asset else ""))
            taken.append(1000 * (time.perf_counter() - began))
            assert page.status_code == 200, page.text[:300]
    return taken[1:]


def measured(served: Served, browser: Browser, run: str, assets: Sequence[str], times: int) -> list[Row]:
    place = f"/console/runs/{run}"
    rows = [
        Row("first byte, desk", first_byte(served, "/console?limit=500", times), 50.0),
        Row("first byte, proposal", first_byte(served, place, times), 50.0),
    ]
    with browser.page() as page:
        rows += [
            Row("until the desk's keys answer", until_keys_answer(page, f"{served.url}/console?limit=500", times), 1000.0),
            Row("until the proposal's keys answer", until_keys_answer(page, served.url + place, times), 1000.0),
            Row("slider let go until certified", let_go(page, f"{served.url}{place}/what-if", 2 * times), 250.0),
        ]
    rows.append(Row("trade typed until solved around", typed(served, run, assets), 300.0))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=500)
    parser.add_argument("--assets", type=int, default=500)
    parser.add_argument("--times", type=int, default=11)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        runtime = desk_rows.filled(home, given.books)
        run = made_proposals.waiting(runtime, "measured", n=given.assets)
        document = runtime.runs.get(run).document or {}
        assets = [row["asset_id"] for row in document["proposal"] if row["side"]][: given.times]
        runtime.runs.close()
        profile = Path(folder) / "chromium"
        profile.mkdir()
        served = serve(home)
        try:
            with chromium(profile) as browser:
                rows = measured(served, browser, run, assets, given.times)
        finally:
            served.stop()
    print(HEADER, *rows, sep="\n")
    return int(any(row.p95 > row.bar for row in rows))


if __name__ == "__main__":
    sys.exit(main())
