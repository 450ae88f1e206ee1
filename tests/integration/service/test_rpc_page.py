"""What the page about gRPC shows is run as it is written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from integration.service.serving import Served
from support import environment

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "grpc.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the page's first command has generated the client; what it installs is installed."""
    (command,) = [line for line in blocks("sh")[0].splitlines() if "protoc" in line]
    words = [word.replace("src/", f"{REPOSITORY}/src/") for word in shlex.split(command)]
    subprocess.run([sys.executable, *words[1:]], check=True, cwd=tmp_path)
    return tmp_path


def test_the_client_of_the_page_asks_and_is_answered_and_refused(sqlite_service: Served, folder: Path) -> None:
    (program,) = blocks("python")
    address = "127.0.0.1:50051"
    assert address in program
    program = program.replace(address, str(sqlite_service.where["grpc"]))
    env = environment(folder) | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answered, refused, reason = done.stdout.splitlines()
    assert "'momentum': 0.3302752" in answered
    assert refused.startswith("FAILED_PRECONDITION ")
    assert reason == "INFEASIBLE /docs/problems/infeasible"
