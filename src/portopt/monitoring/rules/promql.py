"""An expression of ours as one of Prometheus's that is true of the same subjects at the same times.

Every reading becomes an aggregate over the labels of its subject, so that replicas and scrape labels do not matter and both
sides of a comparison match. A missing figure gives no sample, which is neither true nor false there as here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from portopt.monitoring.evaluation.truths import AGE_LOOKS_BACK
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.monitoring.rules.durations import written
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.tree import Age, Arithmetic, Comparison, Leaf, Limit, Number, Quantity, Truth, Window

STEP_OF_AGES = "1m"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures. of: the labels of a subject. stale: how old a figure may be. only: matchers of labels, as written."""

    of: tuple[str, ...]
    stale: timedelta
    only: Mapping[str, str]

    @property
    def by(self) -> str:
        return f" by ({', '.join(self.of)}) " if self.of else ""

    @property
    def matchers(self) -> str:
        inside = ",".join(f"{name}={value}" for name, value in self.only.items())
        return f"{{{inside}}}" if inside else ""


def scope_of(rule: Rule, only: Mapping[str, str] | None = None) -> Scope:
    return Scope(rule.of, rule.stale, only or {})


def alert_expression(rule: Rule) -> str:
    """Where the alert is active: where it holds, or where it fires already and is not known to be good.

    Prometheus has one threshold; the second is the alert's own past, which it keeps in ALERTS.
    """
    scope = scope_of(rule)
    fires = f'max{scope.by}(ALERTS{{alertname="{rule.name}",alertstate="firing"}})'
    return f"({truth_of(rule.holds, scope)}) or ({fires} unless ({truth_of(rule.clears, scope)}))"


def truth_of(node: Truth, scope: Scope) -> str:
    if isinstance(node, Comparison):
        return f"{quantity_of(node.left, scope)} {node.op} {quantity_of(node.right, scope)}"
    return f"({truth_of(node.left, scope)}) {node.op} ({truth_of(node.right, scope)})"


def quantity_of(node: Quantity, scope: Scope) -> str:
    if isinstance(node, Number):
        return f"{node.value!r}"
    if isinstance(node, Arithmetic):
        return f"({quantity_of(node.left, scope)} {node.op} {quantity_of(node.right, scope)})"
    return _leaf(node, scope)


def _leaf(leaf: Leaf, scope: Scope) -> str:
    name = limit_metric_of(leaf.figure) if isinstance(leaf, Limit) else metric_of(leaf.figure)
    metric = f"{name}{scope.matchers}"
    if isinstance(leaf, Age):
        newest = f"max_over_time(timestamp({metric})[{_just_under(AGE_LOOKS_BACK)}:{STEP_OF_AGES}])"
        return f"(time() - max{scope.by}({newest}))"
    fresh = f"last_over_time({metric}[{_just_under(scope.stale)}])"
    if isinstance(leaf, Window):
        # A window of which the newest value is stale says nothing of now.
        return f"max{scope.by}({leaf.over}_over_time({metric}[{_just_under(leaf.back)}]) and {fresh})"
    return f"max{scope.by}({fresh})"


def _just_under(length: timedelta) -> str:
    """A millisecond less: Prometheus 2 counts a sample on the far edge of a range, 3 and we do not."""
    return f"{written(length - timedelta(seconds=1))}999ms".removeprefix("0s")
