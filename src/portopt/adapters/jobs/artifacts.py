"""What a run leaves in Prefect's user interface: the proposal, before and after, the report, progress."""

from __future__ import annotations

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

FIGURES = (
    ("expected_return", "Expected return", "{:.2%}"),
    ("volatility", "Volatility", "{:.2%}"),
    ("sharpe_ratio", "Sharpe ratio", "{:.2f}"),
    ("tracking_error", "Tracking error", "{:.2%}"),
    ("cash_weight", "Cash", "{:.2%}"),
    ("positions", "Positions", "{}"),
)


def publish(record: RunRecord) -> None:
    """The proposal table, before and after, and a link to the report."""
    document = record.document or {}
    rows = [
        {
            "Asset": line["asset_id"],
            "Current": f"{line['weight_before']:.2%}",
            "Target": f"{line['weight_after']:.2%}",
            "Side": line.get("side") or "hold",
            "Shares": str(line["delta_shares"]),
            "Value": line.get("value") or "",
            "Cost": line.get("cost") or "",
            "Why": line.get("why") or "",
        }
        for line in document.get("proposal", [])
    ]
    create_table_artifact(rows, key="proposal", description=f"Proposal {record.run_id}")
    create_markdown_artifact(before_after(document), key="before-after", description="The book before and after")
    if record.report_path:
        create_link_artifact(Path(record.report_path).resolve().as_uri(), link_text="Report", key="report")


def before_after(document: dict[str, Any] | Any) -> str:
    """A Markdown table of the headline figures."""
    lines = ["| figure | before | after |", "|---|---:|---:|"]
    for key, label, form in FIGURES:
        before, after = document.get("before", {}).get(key), document.get("after", {}).get(key)
        said = ["–" if v is None else form.format(v) for v in (before, after)]
        lines.append(f"| {label} | {said[0]} | {said[1]} |")
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
