"""Policies: what there are, what they say, whether a file of them is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.request import Policy

app = typer.Typer(help="Policies: list, show, check a file, seed the store.", no_args_is_help=True, rich_markup_mode=None)
FILE = typer.Argument(metavar="FILE", help="Policies in our format, or policy templates of S4 (JSON); - for stdin.")
COSTS = typer.Option(help="Cost defaults (JSON) for what the policies leave out; else the shipped ones.")


@app.command(name="list")
def list_policies(as_json: Json = False) -> Shown:
    """Every policy with its limits, a line each."""
    from portopt.questions import policies
    from portopt.runtime import runtime

    return _lines(policies.policies(runtime()))


@app.command()
def show(policy: Annotated[str, typer.Argument(metavar="ID", help="A policy's id.")], as_json: Json = False) -> Shown:
    """One policy in full, as a document that `rebalance --policy FILE` accepts."""
    import json

    from portopt.dialects.policies import write_policy
    from portopt.questions import policies
    from portopt.runtime import runtime

    document = write_policy(policies.policy(policy, runtime()))
    return Shown(document, words(json.dumps(document, indent=2, ensure_ascii=False)))


@app.command()
def check(file: Annotated[str, FILE], costs: Annotated[str | None, COSTS] = None, as_json: Json = False) -> Shown:
    """Read a file of policies and say what is wrong with it, if anything. Nothing is stored."""
    from portopt.doors.commands.policy_files import read_policy_file

    found = read_policy_file(file, costs)
    return _lines(found, f"{len(found)} policies, all sound." if len(found) > 1 else "The policy is sound.")


@app.command()
def seed(file: Annotated[str | None, FILE] = None, costs: Annotated[str | None, COSTS] = None, as_json: Json = False) -> Shown:
    """Put policies into the store: the shipped ones, or a file's."""
    from portopt.domain.canonical import plain
    from portopt.doors.commands.policy_files import read_policy_file
    from portopt.questions import policies
    from portopt.runtime import runtime

    found = None if file is None else read_policy_file(file, costs)
    answer = plain(policies.seed_policies(runtime(), found))
    return Shown(answer, words(f"{', '.join(answer['policies'])}: {answer['changed']} new or changed"))


def _lines(found: tuple[Policy, ...], last: str = "") -> Shown:
    """Policies in a table; as JSON, in full."""
    from portopt.dialects.policies import write_policy

    document: list[dict[str, Any]] = [write_policy(policy) for policy in found]

    def say(console: Console) -> None:
        from rich.table import Table
        from rich.text import Text

        from portopt.terms.catalog import parse_limits
        from portopt.terms.shared.dynamic import for_reading

        table = Table(box=None, pad_edge=False)
        for heading in ("Policy", "Objective", "Limits"):
            table.add_column(heading, no_wrap=heading != "Limits")
        for policy in found:
            limits = ", ".join(limit.describe() for limit in parse_limits(for_reading(policy.limits)) if not limit.structural)
            table.add_row(Text(policy.id), Text(str(policy.objective["kind"])), Text(limits))
        console.print(table)
        if last:
            console.print(last)

    return Shown(document, say)
