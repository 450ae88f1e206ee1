"""Rules and figures for tests of the watch, written short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portopt.domain.watch import Alert, Figure, Labels, Notice, Silence, Standing, labels
from portopt.monitoring.evaluate import Evaluated, evaluate, stood_after
from portopt.monitoring.rules.reading import read_rules
from portopt.monitoring.rules.rule import Rule

START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
P1 = labels(portfolio="P1")

CASES = """
        cases:
          - {name: fires, series: {%s: 1x1}, expect: {0m: firing}}
          - {name: quiet, series: {%s: 0x1}, expect: {0m: quiet}}
"""


def rule_text(expr: str, *, name: str = "drift", clears: str = "", extra: str = "", figure: str = "book_drift") -> str:
    """A file of one rule. Its cases are there to be read, not to be right."""
    lines = [f"groups:\n  - name: books\n    rules:\n      - alert: {name}\n        expr: {expr}\n        severity: warn\n"]
    lines += [f"        clears: {clears}\n"] if clears else []
    lines += [f"        {line}\n" for line in extra.split("\n") if line]
    lines += ["        annotations: {summary: 'it is {value} of {limit}', runbook: page}", CASES.replace("%s", figure)]
    return "".join(lines)


def rule(expr: str, *, name: str = "drift", clears: str = "", extra: str = "", figure: str = "book_drift") -> Rule:
    (found,) = read_rules(rule_text(expr, name=name, clears=clears, extra=extra, figure=figure), "made.yaml", ["page"])
    return found


def figure(value: float | None, at: datetime, *, of: Labels = P1, name: str = "book_drift", limit: float | None = 0.05,
           why: str = "") -> Figure:  # fmt: skip
    return Figure(name, of, at, value, limit, why)


def minutes(values: Iterable[float | None], *, start: datetime = START, **also: object) -> list[Figure]:
    """One a minute; None is no figure at all."""
    return [figure(v, start + k * MINUTE, **also) for k, v in enumerate(values) if v is not None]  # type: ignore[arg-type]


@dataclass
class Watch:
    """A deployment without a store: figures come, it is evaluated, what is told is kept."""

    rules: Sequence[Rule]
    standing: Standing = field(default_factory=lambda: Standing(0, None))
    told: list[Notice] = field(default_factory=list)
    history: dict[str, Alert] = field(default_factory=dict)

    def at(self, now: datetime, figures: Sequence[Figure], **options: object) -> Evaluated:
        found = evaluate(self.rules, self.standing, figures, now, **options)  # type: ignore[arg-type]
        self.standing = stood_after(self.standing, found, now)
        self.told += found.notices
        self.history |= {alert.alert_id: alert for alert in found.alerts}
        return found

    def through(self, figures: Sequence[Figure], last: int, first: int = 0) -> None:
        """Every minute from the first to the last."""
        for minute in range(first, last + 1):
            self.at(START + minute * MINUTE, figures)

    def silence(self, minutes_from: int, minutes_to: int, silence_id: str = "silence-1", **matches: str) -> None:
        made = Silence(
            silence_id, labels(**matches), START + minutes_from * MINUTE, START + minutes_to * MINUTE, "ann", "a test"
        )
        self.standing = Standing(
            self.standing.version + 1, self.standing.evaluated_at, self.standing.alerts, (*self.standing.silences, made)
        )

    @property
    def words(self) -> list[str]:
        return [notice.told.value for notice in self.told]

    @property
    def state(self) -> str:
        (alert,) = self.standing.alerts
        return alert.state.value
