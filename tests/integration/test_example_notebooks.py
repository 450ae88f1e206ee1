"""The example notebooks run from top to bottom, and show what they say they show."""

from __future__ import annotations

import html.parser
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from notebooks import executed

from portopt.runtime import runtime

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
MOST_BYTES = 20_000


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    runtime.cache_clear()
    return tmp_path


class Parsed(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_there_is_a_notebook_for_a_beginner_a_desk_and_a_method() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["a_desks_week", "first_proposal", "methods_and_peers"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_without_outputs_and_of_the_format(path: Path) -> None:
    document = json.loads(path.read_text())
    assert path.stat().st_size < MOST_BYTES
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert len(code) >= 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
    if find_spec("nbformat"):
        import nbformat

        nbformat.validate(nbformat.reads(path.read_text(), as_version=4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_and_each_display_is_sound(path: Path, desk: Path) -> None:
    outputs = executed(path)
    ours = [out for out in outputs if type(out.value).__module__.startswith("portopt.")]
    assert len(ours) >= 3
    for out in ours:
        assert "_repr_html_" in out.shown or "_repr_svg_" in out.shown, out.source
        page = Parsed()
        page.feed(out.shown.get("_repr_html_", ""))
        assert page.open == []
        assert "script" not in page.seen
    if path.stem == "first_proposal":  # and it leaves its files
        assert (desk / "proposal.html").read_text().startswith("<!")
        assert {"trades.csv", "trades.xlsx"} <= {file.name for file in desk.iterdir()}


def test_a_cell_that_fails_is_seen(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": ["x = 1\n", "y = 1 / 0"],
        "outputs": [],
        "execution_count": None,
    }
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(ZeroDivisionError):
        executed(path)
    shown = {**cell, "source": ["x = 1\n", "x + 1"]}
    path.write_text(json.dumps({"cells": [shown], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert executed(path)[0].value == 2
