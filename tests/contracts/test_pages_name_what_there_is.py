"""Every command and setting that a page names can be typed as it stands there."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest
import typer

from portopt.doors.cli import app
from portopt.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
RUNBOOKS = [*sorted((DOCS / "runbooks").glob("*.md")), DOCS / "alerts.md"]
FENCED = re.compile(r"^(portopt [^#\n]+)", re.MULTILINE)
INLINE = re.compile(r"`(portopt [^`]+)`", re.DOTALL)
SETTING = re.compile(r"`PORTOPT_([A-Z_]+)`")
OF_THE_TESTS = {"generated_seed"}
FIGURE = re.compile(r"portopt figures ([a-z]\w+)")


def commands(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    return {" ".join(found.split()) for found in (*FENCED.findall(text), *INLINE.findall(text))}


@cache
def tree() -> click.Command:
    """Every command there is, made once: Typer makes them anew each time."""
    return typer.main.get_command(app)


def what_is_wrong(line: str) -> str | None:
    """Walks to the command and asks its parser for every option."""
    command = tree()
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        if not words:  # a family of commands, as such
            return None
        found = command.commands.get(words[0])
        if found is None:
            return f"{line}: there is no {words[0]}"
        command, words = found, words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word not in known | {"--json"}]
    return f"{line}: no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_is_there_with_its_options(page: Path) -> None:
    found = commands(page)
    assert found or page not in RUNBOOKS
    assert [wrong for line in sorted(found) if (wrong := what_is_wrong(line))] == []


def test_every_setting_and_figure_of_the_pages_is_there() -> None:
    from portopt.monitoring.catalog import CATALOG

    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name.lower() for name in SETTING.findall(text)} - OF_THE_TESTS <= set(Settings.model_fields)
    assert set(FIGURE.findall(text)) <= set(CATALOG)


def test_the_reader_notices_a_command_and_an_option_that_are_not_there() -> None:
    assert what_is_wrong("portopt alarms list") == "portopt alarms list: there is no alarms"
    assert what_is_wrong("portopt alerts list --since x") == "portopt alerts list --since x: no option --since"
