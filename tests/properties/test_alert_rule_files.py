"""Whatever is done to a file of rules, it is read or refused in words; and an accepted file still has what a rule needs."""

from __future__ import annotations

import os
import random

import pytest

from portopt.domain.config_files import config_file
from portopt.monitoring.rules.lines import Fault, RulesRefused
from portopt.monitoring.rules.reading import read_rules
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.runbooks import runbook_names

TRIED = 750 if os.environ.get("PORTOPT_TEST_FULL") == "1" else 50
TEXTS = [config_file(f"rules/{name}.yaml").read_text(encoding="utf-8") for name in ("runs", "service")]
PIECES = (
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "&a ",
    "*a",
    "!!int ",
    "\n",
    "  ",
    "0x9999999",
    "limit(",
    "1e999",
    "nan",
    "\x07",
    "é",
    "'",
    '"',
)


def altered(text: str, chance: random.Random) -> str:
    """A few slips: a line left out, doubled, moved in; a word cut or put elsewhere; a sign too many."""
    head, *rules = text.split("      - alert:")  # two of them fail as all of them do, sooner
    lines = (head + "".join(f"      - alert:{rule}" for rule in chance.sample(rules, 2))).split("\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        kind = chance.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[at])
        elif kind == 2:
            lines[at] = chance.choice(["  ", "    ", "\t"]) + lines[at]
        elif kind == 3:
            cut = chance.randint(0, len(lines[at]))
            lines[at] = lines[at][:cut] + chance.choice(PIECES) + lines[at][cut:]
        else:
            words = lines[at].split(" ")
            chance.shuffle(words)
            lines[at] = " ".join(words)
        lines = lines or [""]
    return "\n".join(lines)


def read(text: str, pages: frozenset[str]) -> tuple[tuple[Rule, ...], tuple[Fault, ...]]:
    try:
        return read_rules(text, "altered.yaml", pages), ()
    except RulesRefused as refused:
        return (), refused.faults


@pytest.mark.parametrize("seed", range(4))
def test_an_altered_file_is_read_or_refused_with_lines(seed: int) -> None:
    chance, pages, refused = random.Random(seed), runbook_names(), 0
    for _ in range(TRIED):
        text = altered(chance.choice(TEXTS), chance)
        rules, faults = read(text, pages)
        refused += bool(faults)
        assert all(1 <= fault.line <= text.count("\n") + 2 and fault.what for fault in faults), text
        for rule in rules:
            assert any(case.fires for case in rule.cases)
            assert any(case.is_quiet for case in rule.cases)
            assert rule.figures
    assert 10 < refused < TRIED
