"""The requests on the method pages, the golden cases, and what else the repository has as files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stored import Request, command

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "methods"
CASES = REPOSITORY / "tests" / "golden" / "cases"
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
LONG_ENOUGH = ("delisted-with-the-best-past", "returns-over-a-trading-halt", "split-12-for-1")
AS_SAMPLE = REPOSITORY / "config" / "sample" / "request.json"


def requests() -> Iterator[Request]:
    yield from pages()
    yield from cases()
    yield from refusals()


def on_pages() -> Iterator[tuple[str, Any]]:
    """(place, document) of every request on a page; a list of them is a batch."""
    for page in sorted(PAGES.glob("*.md")):
        for k, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            if '"portfolio_id"' in block:
                yield f"{page.stem}/{k + 1}", json.loads(block)


def pages() -> Iterator[Request]:
    for place, document in (*on_pages(), ("sample", json.loads(AS_SAMPLE.read_text()))):
        if isinstance(document, list):
            yield command(f"pages/{place}/batch", "batch", "requests.json", requests=document)
            continue
        for question in ("optimize", "risk", "sensitivity", "frontier"):
            more = ("--points", "6") if question == "frontier" else ()
            yield command(f"pages/{place}/{question}", question, "request.json", *more, request=document)
        yield from _of_their_own(place, document)
    alone = [document for _, document in on_pages() if not isinstance(document, list)]
    yield command("batch/all pages", "batch", "requests.json", requests=[*alone, {"portfolio_id": "empty"}, 7])
    yield command("batch/in two processes", "batch", "requests.json", "--processes", "2", requests=alone[:8])


def _of_their_own(place: str, document: dict[str, Any]) -> Iterator[Request]:
    """Questions that only some requests mean."""
    risk = document.get("risk_parameters") or {}
    objective = document.get("objective")
    if risk.get("views"):
        yield command(f"pages/{place}/views", "views", "request.json", request=document)
    if isinstance(objective, dict) and objective.get("kind") == "multi_period":
        yield command(f"pages/{place}/periods", "periods", "request.json", request=document)
    if risk.get("factor_returns"):
        yield command(f"pages/{place}/factors", "factors", "request.json", request=document)
    if all("esg_score" in strategy for strategy in document["strategies"]):
        yield command(f"pages/{place}/pareto", "pareto", "request.json", "--points", "12", request=document)
        order = ("--order", "esg,risk,return", "--tolerance", "esg=0.2", "--tolerance", "risk=0.01")
        yield command(f"pages/{place}/in order", "lexicographic", "request.json", *order, request=document)


def cases() -> Iterator[Request]:
    shared = json.loads((CASES / "policy.json").read_text())
    for case in sorted(path for path in CASES.iterdir() if path.is_dir()):
        files: dict[str, Any] = {path.name: path.read_text(encoding="utf-8") for path in sorted(case.iterdir())}
        if "holdings.csv" in files:
            files = {"policy.json": shared, **files}
            words = ("rebalance", "--holdings", "holdings.csv", "--prices", "prices.csv", "--policy", "policy.json")
            asked = (*words, "--portfolio-id", f"cases {case.name}", "--no-frontier", "--json")
            yield Request(f"cases/{case.name}", files, (asked,))
            words = ("forecasts", "--holdings", "holdings.csv", "--prices", "prices.csv", "--window", "60", "--step", "10")
            if case.name in LONG_ENOUGH:
                yield Request(f"cases/{case.name}/forecasts", files, ((*words, "--json"),))
        for name, text in files.items():
            if name.endswith(".json") and "strategies" in text:
                yield Request(f"cases/{case.name}/{name}", {name: text}, (("optimize", name, "--json"),))
        for name in ("prices.csv", "returns.csv"):
            if name in files and "holdings.csv" not in files:
                asked = {"returns": name, "objective": "min_risk"}  # the frame in that file
                yield Request(f"cases/{case.name}/{name}", files, call="optimize", arguments=asked)


def refusals() -> Iterator[Request]:
    """Commands that mean nothing, and requests that are wrong in one place."""
    words: dict[str, tuple[str, ...]] = {
        "no command": (),
        "an unknown command": ("optimise", "request.json"),
        "an unknown option": ("optimize", "request.json", "--point", "3"),
        "a file that is not there": ("optimize", "requst.json"),
        "on standard input": ("optimize", "-"),
        "risk on standard input": ("risk", "-"),
        "no holdings": ("rebalance",),
        "an unknown policy": ("rebalance", "--holdings", "sample", "--policy", "quality_focussed"),
        "an unknown run": ("explain", "reb-20200101-00000000000000000000"),
        "a day that is none": ("rebalance", "--holdings", "sample", "--as-of", "2022-13-28"),
        "policies": ("policies", "list"),
        "a policy": ("policies", "show", "conservative_income"),
        "no policy": ("policies", "show", "nobody"),
        "a file of no policies": ("policies", "check", "request.json"),
    }
    sound = json.loads(AS_SAMPLE.read_text())
    for name, line in words.items():
        yield command(f"doors/{name}", *line, request=sound)
    wrong: dict[str, dict[str, Any]] = {
        "an unknown objective": {"objective": "MAX_SHARP"},
        "an unknown field": {"constraint": {}},
        "no strategies": {"strategies": []},
        "weights above one": {"constraints": {"max_weight": 40}},
        "a conflict": {"constraints": {"max_weight": 0.2}},
        "three that conflict": {"constraints": {"max_weight": 0.4, "min_weight": 0.3}},
        "an empty sector": {"constraints": {"sector_limits": {"Energy": 0.2}}},
        "a method that is none": {"method": "MAGIC"},
        "no such correlation": {"risk_parameters": {"correlation": [[1, 2], [2, 1]]}},
    }
    for name, change in wrong.items():
        yield command(f"doors/{name}", "optimize", "request.json", request={**sound, **change})
    yield Request(
        "doors/no JSON", {"request.json": "{"}, (("optimize", "request.json", "--json"), ("optimize", "request.json"))
    )
