"""The calls of docs/portfolios.md, run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from integration.service.serving import Served
from integration.service.working import worker_of
from support import environment

PAGE = Path(__file__).parents[3] / "docs" / "portfolios.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_the_documented_calls_do_what_the_page_says(sqlite_service: Served, tmp_path: Path, prefect_server: str) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 8
    commands = tmp_path / "bin"
    commands.mkdir()
    ours = commands / "portopt"
    ours.write_text(f'#!/bin/sh\nexec {sys.executable} -m portopt.doors.cli "$@"\n')
    ours.chmod(0o755)
    source = Path(__file__).parents[3] / "src"
    env = environment(tmp_path / "elsewhere") | {"API": f"{sqlite_service.url}/api/v1"}
    env["PATH"] = os.pathsep.join([str(commands), env["PATH"]])
    env["PYTHONPATH"] = os.pathsep.join([str(source), env["PYTHONPATH"]])
    with worker_of(sqlite_service, prefect_server):
        script = "set -e -o pipefail\n" + "\n".join(blocks)
        ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-1500:]
    assert '"approval": "awaiting"' in ran.stdout
    assert "5 approved local" in ran.stdout  # after the holdings, the plan at once and its release, and the proposal
    assert "gives the same bytes again" in ran.stdout
