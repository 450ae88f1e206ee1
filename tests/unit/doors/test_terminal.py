"""What others wrote is shown in a terminal, never obeyed by it."""

from __future__ import annotations

import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from portopt import runtime as runtime_module
from portopt.domain.text import HIDDEN, visible
from portopt.doors import cli
from portopt.doors.commands.surface import aside, console, print_json, words
from portopt.doors.commands.terminal import Terminal
from portopt.reports.terminal import print_problem

HOSTILE = "AAPL\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e\u200b\u2028end"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def obeyed(text: str) -> list[str]:
    """Characters that a terminal would act on or a reader not see."""
    return [c for c in text if c not in "\n\t" and unicodedata.category(c) in HIDDEN]


@given(st.text())
def test_nothing_hidden_is_left_of_any_text_and_what_is_plain_stays(text):
    assert obeyed(visible(text)) == []
    if not obeyed(text):
        assert visible(text) == text


@pytest.mark.parametrize("colours", [False, True])
def test_whatever_is_printed_only_the_products_own_colours_reach_the_terminal(colours):
    out = io.StringIO()
    terminal = Terminal(file=out, width=100, force_terminal=colours, color_system="standard" if colours else None)
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(Text(HOSTILE, style="bold red"))
    for printed in (HOSTILE, Text(HOSTILE, style="bold"), table):
        terminal.print(printed, markup=False)
    words(HOSTILE)(terminal)
    print_problem({"title": HOSTILE, "code": "x", "detail": HOSTILE, "fixes": [HOSTILE], "measured": {HOSTILE: HOSTILE},
                   "asked": {"field": HOSTILE, "value": HOSTILE}, "status": 422}, terminal)  # fmt: skip
    said = out.getvalue()
    assert bool(COLOURS.search(said)) is colours
    assert obeyed(COLOURS.sub("", said)) == []
    assert r"\x1b]0;owned" in said


def test_a_console_for_any_stream_is_such_a_terminal():
    assert isinstance(console(io.StringIO()), Terminal)


def test_what_is_said_aside_is_spelled_out_too(capsys):
    aside(HOSTILE)
    assert obeyed(capsys.readouterr().err) == []


@given(st.text())
def test_one_json_document_says_the_same_and_holds_nothing_hidden(text):
    raw = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", io.TextIOWrapper(raw))
        print_json({text: [text]})
        said = raw.getvalue().decode("utf-8")
        assert json.loads(said) == {text: [text]}
        assert obeyed(said) == []


@pytest.mark.parametrize(
    "arguments", [["explain", HOSTILE], [HOSTILE], ["explain", f"--{HOSTILE}"], ["rebalance", "--holdings", HOSTILE]]
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_hostile_command_line_comes_back_spelled_out(tmp_path, monkeypatch, capsys, arguments, as_json):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    assert cli.run([*arguments, *(["--json"] if as_json else [])]) == 2
    out, err = capsys.readouterr()
    assert obeyed(out + err) == []
