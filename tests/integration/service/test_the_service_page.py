"""The lines of docs/service.md, run as they are written; and its client, generated from the contract."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from integration.service.serving import Served
from integration.service.working import worker_of
from support import environment

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
LINES = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def around(served: Served, folder: Path) -> dict[str, str]:
    """The environment of somebody who reads the page: `portopt` of this tree, and where this server is."""
    commands = folder / "bin"
    commands.mkdir()
    for name, what in (("portopt", "-m portopt.doors.cli"), ("python", "")):
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {what} "$@"\n')
        command.chmod(0o755)
    env = environment(served.home) | dict(served.variables)
    env |= {"HTTP": served.url, "GRPC": str(served.where["grpc"])}
    env["PATH"] = os.pathsep.join([str(commands), env["PATH"]])
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), env["PYTHONPATH"]])
    return env


def test_the_lines_and_the_client_do_what_the_page_says(sqlite_service: Served, tmp_path: Path, prefect_server: str) -> None:
    blocks = LINES.findall(PAGE)
    assert len(blocks) >= 10
    env = around(sqlite_service, tmp_path)
    with worker_of(sqlite_service, prefect_server):
        script = "set -e -x -o pipefail\n" + "\n".join(blocks)
        ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-2500:]
    assert re.search(r"^(buy|sell) \d+ [A-Z]+$", ran.stdout, re.MULTILINE)

    (client,) = PYTHON.findall(PAGE)
    ran = subprocess.run([sys.executable, "-c", client], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2500:]
    trades = ran.stdout.splitlines()
    assert trades
    assert all(re.fullmatch(r"(buy|sell) [\d.]+ [A-Z]+", line) for line in trades), trades


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`((?:docs|tests)/[\w/.-]+)`", PAGE))))
def test_what_the_page_points_to_is_there(named: str) -> None:
    assert (ROOT / named).exists()
