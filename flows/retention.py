"""What is past its days, by the settings, goes on a schedule."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.retention import forget


@flow(name="retention", log_prints=False)
async def retention(dry_run: bool = True) -> dict[str, Any]:
    """Delete what is past its days and nobody needs. As it stands it says what would go, and deletes nothing."""
    return forget(dry_run=dry_run)
