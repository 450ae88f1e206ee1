"""What was left behind is made good, on a schedule, beside what the workers do themselves."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks import records


@flow(name="upkeep", log_prints=False)
async def upkeep() -> dict[str, Any]:
    """Frees jobs whose runner went silent, ends approvals that nobody gave in time, forgets what is past its days."""
    return records.sweep()
