"""`-v`: what the engine did, on stderr, beside an answer that is the same to the byte."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY, environment

REQUEST = json.loads((REPOSITORY / "config" / "sample" / "request.json").read_text())
LINE = re.compile(r"^ *\d+\.\d{3} s  (?P<where>[\w.]+)  (?P<what>.+)$")


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST))
    return path


def asked(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portopt.doors.cli", *words]
    return subprocess.run(command, env=environment(home) | more, cwd=home, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("how", ["-v", "--verbose", "PORTOPT_LOG"])
def test_what_the_engine_did_is_told_and_the_answer_is_the_same(tmp_path: Path, request_file: Path, how: str) -> None:
    quiet = asked(tmp_path, "optimize", str(request_file), "--json")
    told = (
        asked(tmp_path, "optimize", str(request_file), "--json", PORTOPT_LOG="1")
        if how == "PORTOPT_LOG"
        else asked(tmp_path, how, "optimize", str(request_file), "--json")
    )
    assert (quiet.returncode, told.returncode) == (0, 0), told.stderr
    assert quiet.stderr == ""
    weights = [json.loads(out.stdout)["optimal_weights"] for out in (quiet, told)]
    assert weights[0] == weights[1]
    lines = [LINE.match(line) for line in told.stderr.splitlines()]
    assert lines
    assert all(lines), told.stderr
    said = [(line["where"], line["what"]) for line in lines if line]
    assert any(where == "optimization.engine" and "a program of" in what for where, what in said)
    assert any(where == "optimization.ladder" and "iterations on" in what for where, what in said)


def test_the_lines_are_the_same_but_for_their_seconds(tmp_path: Path, request_file: Path) -> None:
    runs = [asked(tmp_path, "optimize", str(request_file), "-v").stderr for _ in range(2)]
    told = [[LINE.match(line)["what"] for line in run.splitlines() if LINE.match(line)] for run in runs]  # type: ignore[index]
    assert told[0]
    assert told[0] == told[1]


def test_a_refusal_is_told_from_the_ladder_that_led_to_it(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST | {"constraints": {**REQUEST.get("constraints", {}), "max_weight": 0.001}}))
    done = asked(tmp_path, "optimize", str(path), "-v", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["code"] == "infeasible"
