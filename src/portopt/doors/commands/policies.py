"""Policies: what there are, what they say, whether a file of them is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.options import Within, deadline
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


@app.command(name="versions")
def list_versions(policy: Annotated[str, typer.Argument(metavar="ID", help="A policy's id.")], as_json: Json = False) -> Shown:
    """The versions of one policy that are kept, the newest first, and what each changed."""
    from portopt.document.policies import versions_document
    from portopt.questions import policies
    from portopt.reports.policies import print_versions
    from portopt.runtime import runtime

    found = policies.versions(policy, runtime())
    document = versions_document(policy, found, [policies.in_words(version.policy) for version in found])
    return Shown(document, lambda console: print_versions(document, console))


@app.command()
def preview(
    file: Annotated[str, FILE],
    last: Annotated[int, typer.Option(min=0, max=20, help="So many of the last proposals under this policy.")] = 5,
    run: Annotated[list[str] | None, typer.Option(metavar="RUN_ID", help="These proposals instead.")] = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """What a changed policy would have made of the last proposals under it, each on its own prices. Nothing is stored."""
    from portopt.document.policies import preview_document
    from portopt.doors.commands.policy_files import pick, read_policy_file
    from portopt.doors.commands.progress import working
    from portopt.questions.policy_preview import policy_preview
    from portopt.reports.policies import print_preview
    from portopt.runs.history import proposals_under
    from portopt.runtime import runtime

    path, _, wanted = file.partition("#")
    here, draft = runtime(), pick(read_policy_file(path), wanted, path)
    runs = run or proposals_under(draft.id, here, limit=last)
    with working("solve them again"):
        document = preview_document(policy_preview(draft, runs, here, until=deadline(within)))
    return Shown(document, lambda console: print_preview(document, console))


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
