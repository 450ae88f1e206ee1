"""The page of a backtest: one file, nothing asked of the network, every figure the document's own, whatever the names."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections import Counter
from typing import Any

import pytest
from made_backtests import made_backtest
from offline_page import HOSTILE, Page, hostile, leaves

from portopt.domain.folding import unfolded
from portopt.reports.through_time import carried
from portopt.reports.through_time.page import html, write_backtest_report

MOST = 2_000_000


@pytest.fixture(scope="module")
def document() -> dict:
    return made_backtest()


@pytest.fixture(scope="module")
def daily() -> dict:
    return made_backtest(30, 500, 2)


@pytest.fixture(scope="module")
def text(document) -> str:
    return html(document)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_the_page_is_well_formed_and_its_ids_are_unique(page):
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert (page.errors, page.open) == ([], [])
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_nothing_is_asked_of_the_network(text, page):
    urls = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "action", "poster", "xlink:href")]
    assert {url for url in urls if not url.startswith("#")} == {"data:,"}
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text) == []
    assert page.tags["iframe"] == page.tags["object"] == page.tags["base"] == page.tags["form"] == page.tags["img"] == 0


def test_only_our_own_script_may_run(page):
    policy = next(v for tag, name, v in page.attributes if tag == "meta" and name == "content" and "default-src" in v)
    code = next(told for given, told in page.scripts if not given)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_part_that_the_contents_name_is_there_and_the_other_way_round(page):
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href" and value != "#data"]
    sections = [f"#{value}" for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert links == sections
    assert len(links) >= 16


def test_the_document_is_inside_the_page(page, document):
    assert page.carried == document


def test_every_figure_of_a_table_stands_in_the_document(page, document):
    known = leaves(document) | counted(document)
    shown = [value for part in page.every for value, _ in part.exact]
    assert len(shown) > 1_500
    assert sorted({value for value in shown if value not in known}) == []


def counted(document: dict) -> set[str]:
    """How often each limit bound, and the sums over what is drawn as one layer, are counts of rows and not in the document."""
    times = Counter(bound["limit"] for row in document["rebalances"] for bound in row["binding"])
    return {json.dumps(n) for n in times.values()}


def test_what_is_shown_is_the_exact_figure_rounded(page):
    for value, shown in page.exact:
        found = re.search(r"-?\d+(\.\d+)?(e-?\d+)?", shown.replace(",", "").replace("−", "-"))
        number, digits = float(found.group()), len((found.group(1) or ".")[1:])
        scales = (1.0, 100.0) if "%" not in shown else (100.0,)
        room = 0.06 * abs(number) if found.group(2) else 0.5000001 * 10.0**-digits
        misses = [abs(abs(number) - abs(scale * float(value))) for scale in scales]
        assert min(misses) <= room, (value, shown)


def test_every_figure_of_the_summaries_is_shown(page, document):
    shown = {value for value, _ in page.exact}
    for name in ("net", "gross", "benchmark", "do_nothing", "equal_weight"):
        for figure in ("annual_return", "volatility", "sharpe", "max_drawdown", "cvar_95", "hit_rate"):
            assert json.dumps(document["summary"][name][figure]) in shown, (name, figure)


def test_the_verdict_comes_first_in_one_sentence(page, document):
    from portopt.document.formats import percent

    made = percent(document["summary"]["net"]["annual_return"])
    other = percent(document["summary"]["benchmark"]["annual_return"])
    assert page.headings[0].replace("\u00a0", " ") == f"{made} a year after costs, against {other} of the benchmark."


def test_an_open_drawdown_says_that_it_is_open(document, text):
    assert document["summary"]["net"]["drawdown"]["recovered"] is None
    assert '<span class="chip quarantined">open</span>' in text
    assert "still open at the end" in text


def test_a_drawdown_that_was_made_good_says_when():
    document = made_backtest()
    days = document["days"]
    days["drawdown"] = [0.0, -0.1, -0.2, -0.1, *[0.0] * (len(days["date"]) - 4)]
    text = html(document)
    row = f'<th scope="row">{days["date"][0]}</th><td class="">{days["date"][2]}</td>'
    assert row in text
    assert f"<td>{days['date'][4]}</td>" in text.replace('<td class="n">', "<td>")
    assert '<span class="chip quarantined">open</span>' not in text


def test_failed_decisions_are_told_with_their_dates_and_reason(document, text):
    failed = [row["date"] for row in document["rebalances"] if row["status"] == "failed"]
    note = re.search(r"decisions failed; the book stayed</h3>.*?</div>", text, re.DOTALL)[0]
    assert len(failed) > 3
    assert "max_turnover 5\u00a0% is too little" in note
    assert [day for day in failed[:6] if day not in note] == []


def test_the_proof_the_seed_and_the_universe_are_told(text):
    assert "Seed of the noise</dt><dd>1</dd>" in text
    assert "No look-ahead</span>" in text
    assert "one list for the whole history" in text


def test_a_look_ahead_is_told_first():
    changed = [{"date": "2020-05-04", "what": "CASH 2 % became 5 %"}]
    document = made_backtest(proof={"holds": False, "seed": 7, "decisions": 30, "changed": changed, "how": "noise"})
    text = html(document)
    assert '<span class="badge refused">Looked ahead</span>' in text
    assert "the first of <span" in text
    assert "CASH 2\u00a0% became 5\u00a0%" in text


def test_findings_are_listed_by_asset_and_date(text, document):
    rows = re.search(r"Findings by asset and date</h3>.*?</table>", text, re.DOTALL)[0]
    at = [rows.index(finding["detail"].replace(" %", "\u00a0%")) for finding in document["data"]["findings"]]
    assert at == sorted(at)


def test_effects_against_the_benchmark_and_factors_are_shown_as_they_stand(document):
    brinson = [
        {"group": "Energy", "allocation": 0.0123, "selection": -0.0045, "interaction": 0.0007, "total": 0.0085},
        {"group": "all together", "allocation": 0.0123, "selection": -0.0045, "interaction": 0.0007, "total": 0.0085},
    ]
    factors = [{"name": "Mkt-RF", "exposure": 0.87, "contribution": 0.061, "share": 0.7},
               {"name": "specific", "exposure": None, "contribution": 0.02, "share": 0.3}]  # fmt: skip
    page = Page(html({**document, "attribution": {"brinson": brinson, "linking": "carino", "factors": factors}}))
    shown = dict(page.exact)
    assert page.errors == []
    assert (shown["0.0123"], shown["-0.0045"], shown["0.0007"], shown["0.0085"]) == ("1.23 %", "−0.45 %", "0.07 %", "0.85 %")
    assert (shown["0.87"], shown["0.061"]) == ("0.87", "6.10 %")


def test_headings_tables_and_drawings_can_be_read_aloud(page):
    heads = [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]
    assert len(heads) == page.tags["th"]
    regions = [value for tag, name, value in page.attributes if tag == "div" and name == "aria-label"]
    assert all(regions)
    drawings = sum(1 for tag, name, value in page.attributes if tag == "svg" and name == "class" and "time" in value)
    assert drawings >= 20
    assert page.tags["desc"] == drawings
    assert page.tags["h1"] == 1


def test_hostile_names_are_shown_and_never_run(document):
    bad = hostile({**document, "days": None})
    bad["days"] = document["days"]
    for row in bad["rebalances"]:
        row["weights"] = row["weights"] and {f"{HOSTILE}{k}": w for k, w in enumerate(row["weights"].values())}

    page = Page(html(bad))

    assert all((part.errors, part.tags["img"]) == ([], 0) for part in page.every)
    assert page.tags["script"] == 2 + sum(1 for given, _ in page.scripts if given.get("class") == "folded")
    assert not [name for part in page.every for _, name, _ in part.attributes if name.startswith("on")]
    assert page.carried == bad


def bare(document: dict, **changes: Any) -> dict:
    return {**copy.deepcopy(document), **changes}


def test_a_backtest_without_a_trade_a_benchmark_or_a_proof_still_makes_a_page(document):
    kept = [{**row, "status": "kept", "turnover": 0.0, "cost": 0.0, "binding": []} for row in document["rebalances"]]
    empty = bare(document, trades=[], rebalances=kept, proof=None, happenings=[], unfilled=[], rolling={}, assets=[])
    empty["days"]["benchmark"] = None
    empty["summary"]["benchmark"] = None
    empty["data"]["findings"] = []
    empty["warnings"] = ["not a single trade was made: the target is the book that is held"]

    text = html(empty)

    assert Page(text).errors == []
    assert "It made no trade." in text
    assert "not a single trade was made" in text
    assert "Nothing was found wrong with these prices." in text
    assert "of equal weights." in text
    assert "not put to the proof" in text


def test_a_backtest_of_which_every_decision_failed_still_makes_a_page(document):
    none = {"weights": None, "target": None, "status": "failed", "problem": {"title": "Infeasible"}, "binding": []}
    rows = [{**row, **none} for row in document["rebalances"]]
    text = html(bare(document, rebalances=rows, trades=[]))
    assert Page(text).errors == []
    assert "No decision gave weights." in text
    assert f"{len(rows)} of {len(rows)} decisions failed" in text


def test_a_backtest_without_any_decision_still_makes_a_page(document):
    page = Page(html(bare(document, rebalances=[], trades=[], assets=[])))
    assert page.errors == []


def test_a_book_that_lost_everything_has_a_page_without_figures(document):
    lost = bare(document)
    lost["summary"]["net"] = None
    lost["days"]["net"][-1] = 0.0
    page = Page(html(lost))
    assert page.errors == []
    assert page.headings[0].startswith("It ended at $0.00")


def test_shorts_are_drawn_below_zero(document):
    short = bare(document)
    for row in short["rebalances"]:
        if row["weights"]:
            row["weights"] |= {"S00": -0.2}
    text = html(short)
    drawing = re.search(r"Weights as decided</title>.*?</svg>", text, re.DOTALL)[0]
    assert "−" in re.sub("<[^>]*>", " ", drawing)
    assert Page(text).errors == []


def test_ten_years_of_500_assets_stay_under_two_megabytes_and_say_what_only_the_files_have():
    document = made_backtest(500, 2_520)

    text = html(document)
    page = Page(text)

    assert len(text.encode()) < MOST
    assert page.errors == []
    assert "the files beside this page have all of them" in text
    assert kept_in_full(page.carried, document)
    assert page.carried["trades"] == document["trades"][: carried.TRADES_KEPT]


def kept_in_full(inside: dict, document: dict) -> bool:
    names = ("summary", "days", "monthly", "rolling", "costs", "proof", "request", "data")
    return all(inside[name] == document[name] for name in names)


@pytest.mark.parametrize("most", [250_000, 160_000, 125_000])
def test_the_less_room_there_is_the_more_is_left_to_the_files_and_said(daily, monkeypatch, most):
    monkeypatch.setattr(carried, "LEGIBLE", 1_000)
    monkeypatch.setattr(carried, "MOST", most)
    kept = carried.carried(daily)
    inside = json.loads(unfolded(kept.text))

    assert kept.is_folded
    assert len(kept.text) <= most
    assert kept_in_full(inside, daily)
    missing = {name for row in daily["rebalances"] for name in row} - {name for row in inside["rebalances"] for name in row}
    assert len(kept.left_out) == len(missing) + (inside["trades"] != daily["trades"])
    text = html(daily)
    assert all(sentence in text for sentence in kept.left_out)


def test_a_thinned_drawing_keeps_every_peak_and_trough():
    from portopt.reports.through_time.svg.thinning import thinned

    values = made_backtest(6, 2_520)["days"]["net"]
    kept = thinned(values, 300)
    shown = [values[i] for i in kept]
    assert len(kept) <= 301
    assert (min(shown), max(shown), shown[0], shown[-1]) == (min(values), max(values), values[0], values[-1])
    for k in range(149):
        stretch = values[k * len(values) // 149 : (k + 1) * len(values) // 149]
        assert {min(stretch), max(stretch)} <= set(shown)


def test_the_same_document_gives_the_same_bytes_whatever_the_order_of_its_keys(document, text):
    assert html(json.loads(json.dumps(document, sort_keys=True))) == text


def test_a_report_is_written_whole(document, text, tmp_path):
    path = write_backtest_report(document, tmp_path / "reports" / "one.html")
    assert path.read_text(encoding="utf-8") == text
    assert [p.name for p in path.parent.iterdir()] == ["one.html"]
