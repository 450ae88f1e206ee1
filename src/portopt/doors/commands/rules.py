"""Alert rules: which are in force, what one says, whether they are sound, and the same rules for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.monitoring.rules.rule import Rule
    from portopt.monitoring.rules.trying import Tried

app = typer.Typer(help="Alert rules: list, explain, test, export.", no_args_is_help=True, rich_markup_mode=None)
FILE = typer.Argument(metavar="FILE", help="A file of rules, or a folder of them; else the rules in force.")


@app.command(name="list")
def list_rules(as_json: Json = False) -> Shown:
    """Every rule in force, a line each: the shipped ones, and those at PORTOPT_RULES_PATH."""
    from portopt.monitoring.rules.showing import rule_document

    rules = _in_force()
    return Shown([rule_document(rule) for rule in rules], lambda console: _table(rules, console))


@app.command()
def explain(name: Annotated[str, typer.Argument(metavar="NAME", help="A rule's name.")], as_json: Json = False) -> Shown:
    """One rule: its expressions, the figures that it reads, its cases and its runbook page."""
    import difflib

    from portopt.domain.errors import UnknownThing
    from portopt.monitoring.rules.runbooks import runbook_text
    from portopt.monitoring.rules.showing import rule_document, rule_lines

    by_name = {rule.name: rule for rule in _in_force()}
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.4)
        raise UnknownThing("alert rule", name, field="NAME", fixes=[f"use {near[0]!r}"] if near else ["portopt rules list"])
    page = runbook_text(by_name[name].runbook, _own())
    return Shown({**rule_document(by_name[name]), "page": page}, words(*rule_lines(by_name[name]), *([page] if page else [])))


@app.command(name="test")
def try_rules(file: Annotated[Path | None, FILE] = None, as_json: Json = False) -> Shown:
    """Read rules and try every case of theirs. Ends with 1 where a case fails, with 2 where the rules are refused."""
    from portopt.doors.commands.progress import working
    from portopt.monitoring.rules.standard import rules_of
    from portopt.monitoring.rules.trying import try_rule

    rules = _in_force() if file is None else rules_of(file)
    with working("try the cases"):
        tried = [one for rule in rules for one in try_rule(rule)]
    failed = [one for one in tried if one.wrong]
    document = {
        "kind": "rules_tested",
        "rules": len(rules),
        "cases": len(tried),
        "failed": [{"rule": one.rule, "case": one.case, "wrong": list(one.wrong)} for one in failed],
    }
    return Shown(document, words(*_tried(len(rules), tried, failed)), exit_code=1 if failed else 0)


@app.command()
def export(
    prometheus: Annotated[bool, typer.Option("--prometheus", help="As a rule file for Prometheus.")] = False,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Write the rules and their unit tests there, not to stdout.")
    ] = None,
    as_json: Json = False,
) -> Shown:
    """The rules in force in another evaluator's form: `--prometheus` is the one there is."""
    from portopt.domain.errors import MissingInput
    from portopt.monitoring.rules.prometheus import CASES_FILE, RULES_FILE, cases_file, rules_file

    if not prometheus:
        raise MissingInput("say for whom: --prometheus", field="--prometheus", fixes=["add --prometheus"])
    rules = _in_force()
    files = {RULES_FILE: rules_file(rules), CASES_FILE: cases_file(rules)}
    if into is None:
        return Shown({"kind": "rules_exported", "files": files}, words(files[RULES_FILE].rstrip("\n")))
    written = [_write(into / name, text) for name, text in files.items()]
    return Shown({"kind": "rules_exported", "written": written}, words(*written))


def _own() -> Path | None:
    from portopt.settings import Settings

    return Settings().rules_path


def _in_force() -> tuple[Rule, ...]:
    from portopt.monitoring.rules.standard import rules_in_force

    return rules_in_force(_own())


def _write(path: Path, text: str) -> str:
    from portopt.domain.errors import FileNotReadable

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileNotReadable(f"{path}: {error.strerror}", field="--into", value=str(path)) from None
    return str(path)


def _tried(rules: int, tried: list[Tried], failed: list[Tried]) -> list[str]:
    wrong = [f"{one.rule}, {one.case}: {sentence}" for one in failed for sentence in one.wrong]
    sound = "all as expected" if not failed else f"{len(failed)} not as expected"
    return [*wrong, f"{rules} rules, {len(tried)} cases: {sound}."]


def _table(rules: tuple[Rule, ...], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from portopt.monitoring.rules.durations import written

    table = Table(box=None, pad_edge=False)
    for heading in ("Rule", "Severity", "Fires where", "For", "Ends where"):
        table.add_column(heading, no_wrap=heading in ("Rule", "Severity"))
    for rule in rules:
        wait = written(rule.wait) if rule.wait else ""
        cells = (rule.name, rule.severity.value, rule.text, wait, rule.clears_text or "no longer")
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
