"""docs/wishes.md: every command is run, in the page's order, and its first line is what the page says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from portopt.doors import cli
from portopt.runtime import runtime

PAGE = Path(__file__).parents[3] / "docs" / "wishes.md"
ROWS = re.findall(r"^\| ([^|]+) \| `portopt ([^`]+)` \| ([^|]+) \|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
ANOTHER = "…"  # in every run


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own, with the two files that the page speaks of."""
    folder = tmp_path_factory.mktemp("wishes")
    model = re.search(r"```json\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert model is not None
    (folder / "model.json").write_text(model.group(1))
    return folder


def said(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str]:
    """What a command prints. Nothing of the first line waits for the frontier that the report draws."""
    words = shlex.split(command)
    code = cli.run([*words, "--no-frontier"] if words[0] == "rebalance" else words)
    return code, capsys.readouterr().out


@pytest.mark.slow
def test_every_command_says_what_the_page_says(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.setenv("PORTOPT_HOME", str(desk / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    runtime.cache_clear()
    assert len(ROWS) == PAGE.read_text("utf-8").count("`portopt ") - 2  # the two of the introduction
    wrong = {}
    for _, command, line in ROWS:
        if command.startswith("verify"):
            _, document = said(capsys, "rebalance --holdings sample --json")
            (desk / "proposal.json").write_text(json.dumps(json.loads(document)))
        code, printed = said(capsys, command)
        first = next((row.strip() for row in printed.splitlines() if row.strip()), "")
        pattern = ".*".join(re.escape(part) for part in line.split(ANOTHER))
        if code != 0 or re.fullmatch(pattern, first) is None:
            wrong[command] = (code, first)
    assert wrong == {}
