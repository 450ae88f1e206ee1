"""The watch: everything measured, judged by the rules, told, as the workflow engine runs it."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks import watching


@flow(name="monitor", log_prints=False)
async def monitor() -> dict[str, Any]:
    """Measures every figure, judges the rules over them, and tells of what changed; open alerts are under Artifacts."""
    now = watching.instant()
    figures = watching.measure(now)
    judged = watching.evaluate(now, wait_for=[figures])
    delivered = watching.tell(wait_for=[judged])
    watching.publish(now, wait_for=[judged])
    return watching.told(now, figures, judged, delivered)
