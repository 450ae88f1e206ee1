"""The rules in force: those that are shipped, and a deployment's own, which add to them or take their place by name."""

from __future__ import annotations

from pathlib import Path

from portopt.monitoring.rules.rule import Rule


def rules_in_force(own: Path | None = None) -> tuple[Rule, ...]:
    """The shipped rules, then those of a file or folder (`*.yaml`). Raises RulesRefused, FileNotReadable."""
    raise NotImplementedError
