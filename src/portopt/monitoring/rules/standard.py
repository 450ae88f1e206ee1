"""The rules in force: those that are shipped, and a deployment's own, which add to them or take their place by name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portopt.domain.config_files import config_file
from portopt.domain.errors import FileNotReadable
from portopt.monitoring.rules.lines import Fault, RulesRefused
from portopt.monitoring.rules.reading import read_rules
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.runbooks import runbook_names

SHIPPED_FILES = ("books", "runs", "service")


@dataclass(frozen=True, slots=True)
class InForce:
    """rules: what is evaluated. refused: why a deployment's own are not among them, if they are not."""

    rules: tuple[Rule, ...]
    refused: RulesRefused | FileNotReadable | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """A line each."""
        if isinstance(self.refused, RulesRefused):
            return tuple(fault.words() for fault in self.refused.faults)
        return () if self.refused is None else (self.refused.detail,)


def rules_to_watch(own: Path | None = None) -> InForce:
    """The rules in force; where a deployment's own are refused, the shipped ones: a slip in a file silences no alert."""
    try:
        return InForce(rules_in_force(own))
    except (RulesRefused, FileNotReadable) as refused:
        return InForce(shipped_rules(), refused)


def rules_in_force(own: Path | None = None) -> tuple[Rule, ...]:
    """The shipped rules, then those of a file or folder (`*.yaml`). Raises RulesRefused, FileNotReadable."""
    return shipped_rules() if own is None else _with_shipped(rules_of(own))


def _with_shipped(own: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(({rule.name: rule for rule in shipped_rules()} | {rule.name: rule for rule in own}).values())


@cache
def shipped_rules() -> tuple[Rule, ...]:
    files = [config_file(f"rules/{name}.yaml") for name in SHIPPED_FILES]
    found = _read(files, runbook_names())
    _refuse_unexplained(found)
    return found


def rules_of(path: Path) -> tuple[Rule, ...]:
    """Of a file, or of every `*.yaml` of a folder in the order of names. Raises RulesRefused with the faults of all of them."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise FileNotReadable(f"{path} holds no rules", field="rules", value=str(path), fixes=["put a *.yaml file into it"])
    found = _read(files, runbook_names(path))
    _refuse_unexplained(_with_shipped(found))
    return found


def _read(files: Collection[Path], runbooks: frozenset[str]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    faults: list[Fault] = []
    for file in files:
        try:
            rules += read_rules(_text(file), file.name, runbooks)
        except RulesRefused as refused:
            faults += refused.faults
    where = {rule.name: rule for rule in reversed(rules)}
    faults += [
        Fault(rule.file, rule.line, "alert", f"there is a rule {rule.name!r} already, in {where[rule.name].file}")
        for rule in rules
        if where[rule.name] is not rule
    ]
    if faults:
        raise RulesRefused(faults)
    return tuple(rules)


def _refuse_unexplained(rules: Sequence[Rule]) -> None:
    """Where a rule is said to explain another's alerts there is such a rule, and nothing keeps itself from being told."""
    by_name = {rule.name: rule for rule in rules}
    faults = []
    for rule in rules:
        for name in rule.inhibition.rules:
            if name not in by_name:
                near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.6)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                faults.append(Fault(rule.file, rule.line, "inhibited_by", f"there is no rule {name!r}{hint}"))
            elif by_name[name].inhibition.rules:
                said = f"{name!r} is itself inhibited: of a chain nobody might be told"
                faults.append(Fault(rule.file, rule.line, "inhibited_by", said))
    if faults:
        raise RulesRefused(faults)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise FileNotReadable(f"{file}: {why}", field="rules", value=str(file)) from None
