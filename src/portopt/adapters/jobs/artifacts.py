"""What a run leaves in Prefect's user interface: the proposal, before and after, the report, progress."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)

from portopt.domain.errors import PortoptError
from portopt.domain.run import RunRecord


def publish(record: RunRecord) -> None:
    """The proposal table, before and after, and a link to the report."""
    from portopt.reports.formats import money, percent, shares

    document = record.document or {}
    currency = document.get("currency", "")
    rows = [
        {
            "Asset": line["asset_id"],
            "Current": percent(line["weight_before"]),
            "Target": percent(line["weight_after"]),
            "Side": line["side"] or "keep",
            "Shares": shares(line["shares_change"], signed=True),
            "Value": money(line["value"], currency) if line["value"] else "",
            "Cost": money(line["cost"], currency) if line["cost"] else "",
            "Why": line["why"],
        }
        for line in document.get("proposal", [])
    ]
    create_table_artifact(rows, key="proposal", description=f"Proposal {record.run_id}")
    create_markdown_artifact(before_after(document), key="before-after", description="The book before and after")
    if record.report_path:
        create_link_artifact(Path(record.report_path).resolve().as_uri(), link_text="Report", key="report")


def before_after(document: Mapping[str, Any]) -> str:
    """The verdict, then a Markdown table of the headline figures."""
    from portopt.reports.console import figure_texts

    verdict = document.get("verdict", {})
    lines = [f"**{verdict.get('title', '')}**", "", *verdict.get("sentences", []), ""]
    lines += ["| figure | before | after | change |", "|---|---:|---:|---:|"]
    lines += [f"| {row['label']} | {' | '.join(figure_texts(row))} |" for row in document.get("figures", [])]
    return "\n".join(lines)


def publish_problem(error: PortoptError) -> None:
    """Why there is no proposal: what was asked, what was measured, what would fix it."""
    fixes = "\n".join(f"- {fix}" for fix in error.fixes) or "- none was found"
    create_markdown_artifact(
        f"## {error.title}\n\n{error.detail}\n\n**What would fix it**\n\n{fixes}", key="problem", description=error.code
    )


def progress(percent: float, said: str) -> None:
    """How far the run has come, under one key: the interface shows the latest."""
    create_progress_artifact(percent, key="progress", description=said)
