"""What a run leaves in Prefect's user interface: the proposal, before and after, the report, progress."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.runtime import flow_run

from portopt.domain.errors import PortoptError
from portopt.domain.run import RunRecord

Row = Mapping[str, Any]


def publish(record: RunRecord, service: str | None = None) -> None:
    """The proposal table, before and after with the reasons, and where the report is. service: where people reach it."""
    document = record.document or {}
    title = _text(document.get("verdict", {}).get("title", ""))
    create_table_artifact(list(proposal_rows(document)), key="proposal", description=f"{title} {record.run_id}")
    create_markdown_artifact(before_after(document), key="before-after", description="The verdict, the figures, the reasons")
    create_markdown_artifact(report_words(record.run_id, service), key="report", description="Where the whole report is")


def report_words(run_id: str, service: str | None = None) -> str:
    """Markdown: the report, opened from the service where people reach it; else by its run.

    No place of a file: a home may be moved, and a browser follows no link to one.
    """
    kept = f"`reports/{run_id}.html` in the home of the installation that ran this (PORTOPT_HOME)"
    here = f"`portopt report {run_id}` writes it anew and says where."
    if service is None:
        return f"The whole report, one file that needs no network: {kept}. {here} With PORTOPT_PUBLIC_URL set, this is a link."
    address = f"{service.rstrip('/')}/api/v1/runs/{run_id}/report"
    return f"**[The whole report]({address})**, one page that needs no network. Kept as {kept}; {here}"


def proposal_rows(document: Row) -> Iterator[dict[str, str]]:
    """The orders as they should go, then what is kept. The reason comes last: the interface does not wrap its cells."""
    from portopt.document.formats import money, percent, shares

    currency = document.get("currency", "")
    lines = {line["asset_id"]: line for line in document.get("proposal", [])}
    ordered = [trade["asset_id"] for trade in document.get("trades", [])]
    held = [asset for asset, line in lines.items() if asset not in ordered and (line["weight_before"] or line["weight_after"])]
    for line in (lines[asset] for asset in (*ordered, *held)):
        traded = line["side"] is not None
        yield {
            "Asset": line["asset_id"],
            "Side": line["side"] or "keep",
            "Shares": shares(line["shares_change"], signed=True) if traded else "",
            "Value": money(line["value"], currency) if traded else "",
            "Cost": money(line["cost"], currency) if traded else "",
            "Now": percent(line["weight_before"]),
            "Proposed": percent(line["weight_after"]),
            "Why": line["why"],
        }


def before_after(document: Row) -> str:
    """Markdown: the verdict, a table of the headline figures, the reason of every order."""
    from portopt.document.figure_words import figure_texts

    verdict = document.get("verdict", {})
    lines = [f"**{_text(verdict.get('title', ''))}**", ""]
    lines += [f"- {_text(sentence)}" for sentence in (*verdict.get("concessions", []), *verdict.get("sentences", []))]
    lines += ["", "| Figure | Now | Proposed | Change |", "|---|---:|---:|---:|"]
    lines += [f"| {row['label']} | {' | '.join(figure_texts(row))} |" for row in document.get("figures", [])]
    if document.get("trades"):
        lines += ["", "**Why each order, in the order in which they should go**", ""]  # a list: tables do not wrap either
    for trade in document.get("trades", []):
        lines.append(f"1. {trade['side'].capitalize()} **{_text(trade['asset_id'])}**: {_text(trade['why'])}")
    return "\n".join(lines)


def publish_problem(error: PortoptError) -> None:
    """Why nothing was released: what was asked, what was measured, what would fix it."""
    lines = [f"**{_text(error.title)}**", "", _text(error.detail)]
    if error.fixes:
        lines += ["", "What would fix it:", "", *(f"- {_text(fix)}" for fix in error.fixes)]
    create_markdown_artifact("\n".join(lines), key="problem", description=f"Why nothing was released ({error.code})")


def progress(percent: float, said: str) -> None:
    """How far the run has come: one bar for the run, moved on. At once, whether a task or an async flow tells it."""
    run_id = flow_run.get_id()
    with get_client(sync_client=True) as client:
        bars = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["progress"])),
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
        )
    if bars:
        update_progress_artifact(bars[0].id, percent, description=said, _sync=True)  # type: ignore[call-arg]  # of every one
    else:
        create_progress_artifact(percent, key="progress", description=said, _sync=True)  # type: ignore[call-arg]


def _text(words: str) -> str:
    """Words as they are, in Markdown: an asset called `*A|B*` is shown as that; a number and its unit stay on one line."""
    whole = re.sub(r"(?<=\d) (?=%|bps\b|pp\b)", "\u00a0", words)
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", whole)
