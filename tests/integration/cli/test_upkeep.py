"""Looking after an installation: the examination, the first proposal of a fresh one, and a release that is not awaited."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import environment

CHECKS = [
    *("python", "packages", "home", "store", "pricing packs", "runs", "policies", "solvers", "prices", "prefect", "events"),
    "alerts",
    "litter",
]


def portopt(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portopt.doors.cli", *words],
        env=environment(home), cwd=home.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def answer(home: Path, *words: str, code: int = 0) -> Any:
    """The one JSON document that these words print."""
    done = portopt(home, *words, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A fresh installation after its first demonstration, and what that printed."""
    home = tmp_path_factory.mktemp("shown") / "home"
    return home, answer(home, "demo", "--direct")


@pytest.fixture
def home(shown: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of that installation, to do with as one likes."""
    return Path(shutil.copytree(shown[0], tmp_path / "home"))


def test_the_doctor_finds_an_empty_home_fit_and_names_every_check(tmp_path: Path) -> None:
    health = answer(tmp_path / "home", "doctor")
    assert health["ok"] is True
    assert [check["name"] for check in health["checks"]] == CHECKS
    assert [check["name"] for check in health["checks"] if not (check["ok"] and check["detail"] and check["fix"] is None)] == []


def test_the_doctor_names_a_damaged_pack_and_what_to_do_about_it(shown: tuple[Path, dict[str, Any]], home: Path) -> None:
    pack_id = shown[1]["pricing_pack"]["id"]
    prices = home / "packs" / pack_id / "prices.parquet"
    content = bytearray(prices.read_bytes())
    content[len(content) // 2] ^= 0xFF
    prices.write_bytes(content)
    health = answer(home, "doctor", code=1)
    assert health["ok"] is False
    (bad,) = [check for check in health["checks"] if not check["ok"]]
    assert bad["name"] == "pricing packs"
    assert pack_id in bad["detail"]
    assert bad["fix"]


def test_a_run_on_a_damaged_pack_is_not_replayed(shown: tuple[Path, dict[str, Any]], home: Path) -> None:
    pack_id, run_id = shown[1]["pricing_pack"]["id"], shown[1]["run_id"]
    (home / "packs" / pack_id / "prices.parquet").unlink()
    problem = answer(home, "replay", run_id, code=4)
    assert problem["code"] == "bad_data"
    assert pack_id in problem["detail"]


def test_the_demonstration_is_certified_and_within_its_policy(shown: tuple[Path, dict[str, Any]]) -> None:
    _, document = shown
    assert document["verdict"]["certified"] is True
    assert document["certificate"]["verdict"] == "certified"
    assert document["certificate"]["worst_violation"] <= 1e-9
    assert document["certificate"]["relative_gap"] <= 1e-7
    weights = [row["weight_after"] for row in document["proposal"]]
    assert min(weights) >= 0
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)
    assert document["trades"]


def test_the_demonstration_again_is_the_same_run(shown: tuple[Path, dict[str, Any]], home: Path) -> None:
    assert answer(home, "demo", "--direct") == shown[1]
    assert [line["run_id"] for line in answer(home, "runs")] == [shown[1]["run_id"]]


def test_releasing_what_is_released_already_tells_its_state_and_sends_nothing_twice(
    shown: tuple[Path, dict[str, Any]], home: Path
) -> None:
    run_id = shown[1]["run_id"]
    sent = (home / "events.jsonl").read_text()
    assert len(sent.splitlines()) == 1
    assert answer(home, "approve", run_id)["status"] == "completed"
    assert portopt(home, "approve", run_id).stdout.strip().startswith(f"{run_id} is completed")
    assert (home / "events.jsonl").read_text() == sent
