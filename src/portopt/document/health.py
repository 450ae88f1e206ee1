"""The state of an installation as data."""

from __future__ import annotations

from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.found import Health


def health_document(found: Health) -> dict[str, Any]:
    """{"ok": bool, "checks": [{name, ok, detail, fix}, …]}"""
    return {"ok": found.ok, "checks": [plain(check) for check in found.checks]}
