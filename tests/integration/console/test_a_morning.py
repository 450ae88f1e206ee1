"""A desk's whole morning, screen by screen: signed in, forty portfolios looked through, proposed, decided, released."""

from __future__ import annotations

import json
import re
from collections import Counter

import made_nights
import pytest
from integration.console.visiting import Visitor

from portopt.domain.access import Principal
from portopt.domain.run import RunStatus
from portopt.doors.rest.app import application
from portopt.questions.wave import carry_out
from portopt.runtime import Runtime

BOOKS, ASSETS, LEFT_OUT = 40, 8, ("P00003", "P00021")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runtime, dict[str, str]]:
    """Forty books, two of which cannot have a proposal; with what the refusal of each names."""
    folder = tmp_path_factory.mktemp("morning")
    market = made_nights.write_market(folder, ASSETS)
    runtime = made_nights.home(folder, market, BOOKS, made_nights.plain_policy(), access="keys", answer_seconds=120.0)
    return runtime, made_nights.plant(runtime, market, BOOKS, 2)


def chosen(page: str) -> list[str]:
    """The portfolios that have a box to tick."""
    return re.findall(r'name="p\.([^"]+)"', page)


def test_from_sign_in_to_what_is_released(desk: tuple[Runtime, dict[str, str]]) -> None:
    runtime, faults = desk
    _, key = runtime.keys.create(Principal("anna", frozenset({"ask", "read", "propose", "approve"}), None))
    anna = Visitor(application(runtime))
    assert anna.get("/console").status_code == 303
    assert anna.sign_in(key, "/console").headers["location"] == "/console"

    names = chosen(anna.get("/console?limit=500").text)
    assert names == [f"P{k:05d}" for k in range(BOOKS)]
    ticked = {f"p.{name}": "on" for name in names}
    preview = anna.get("/console/propose?" + "&".join(f"{name}=on" for name in ticked))
    assert chosen(preview.text) == names
    (once,) = re.findall(r'name="key" value="([^"]+)"', preview.text)
    form = {**ticked, "cause": "Prices of Friday", "deadline": "2030-01-01T07:00", "await_approval": "on", "key": once}
    begun = anna.send("/console/propose", form, "/console")
    assert begun.status_code == 303, begun.text
    place = begun.headers["location"].partition("?")[0]

    carry_out(place.rpartition("/")[2], runtime)  # what the worker does meanwhile
    page = anna.get(place).text
    assert page.count('type="checkbox"') == BOOKS - len(faults)
    for portfolio_id, named in faults.items():
        row = page[page.index(f">{portfolio_id}<") :]
        assert named in row[: row.index("</tr>")], portfolio_id
    events = runtime.settings.home / "events.jsonl"
    assert not events.exists()

    decided = {f"except.{name}": "on" for name in LEFT_OUT} | {"decision": "approve", "key": "once"}
    done = anna.send(f"{place}/decide", decided, place)
    released = BOOKS - len(faults) - len(LEFT_OUT)
    assert f"{released} approved, {len(faults) + len(LEFT_OUT)} are left as they were" in re.sub(r"<[^>]+>", "", done.text)
    anna.send(f"{place}/decide", decided, place)  # the same answer again changes nothing

    subjects = Counter(json.loads(line)["subject"] for line in events.read_text("utf-8").splitlines())
    assert subjects == dict.fromkeys(set(names) - set(faults) - set(LEFT_OUT), 1)
    waiting = anna.get("/console?tiles=waiting_for_approval&limit=500").text
    assert chosen(waiting) == sorted(LEFT_OUT)
    for name in names:
        newest = [run.status for run in runtime.runs.runs(portfolio_id=name, limit=1)]
        assert (newest == [RunStatus.COMPLETED]) == (subjects[name] == 1)
        assert not list(runtime.ledger.verify(name))
