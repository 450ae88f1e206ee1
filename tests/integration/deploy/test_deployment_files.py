"""The files that deploy the service, read by the programs that are made to read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[3] / "config" / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
NEEDED = re.compile(r"\$\{(\w+):\?[^}]*\}")
OLDEST_CLUSTER, NEWEST_CLUSTER = "1.30", "1.37"
WORKLOADS = ("service", "runner", "relay", "orchestrator", "night", "retention", "gate")


def tool(variable: str) -> str:
    """A validator that `.ci/tools.sh` brings: there in the gate, and wherever it was sourced."""
    found = os.environ.get(variable)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{variable} names no program: .ci/tools.sh should have brought it")
        pytest.skip(f"{variable} is not set: `. .ci/tools.sh` brings the validator")
    return found


def beside_python(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found is not None, name
    return found


def ran(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def pods() -> dict[str, dict[str, Any]]:
    documents = [d for path in MANIFESTS for d in yaml.safe_load_all(path.read_text())]
    found = {d["metadata"]["name"]: d for d in documents if d["kind"] in ("Deployment", "Job", "CronJob")}
    return {name: template_of(d)["spec"] for name, d in found.items()}


def template_of(document: dict[str, Any]) -> dict[str, Any]:
    """Of the pods that it starts."""
    spec = document["spec"]
    return spec["jobTemplate"]["spec"]["template"] if document["kind"] == "CronJob" else spec["template"]


def filled_in(folder: Path) -> Path:
    """The compose file with a word in place of every variable that it needs."""
    shutil.copytree(DEPLOY, folder / "deploy")
    path = folder / "deploy" / "compose.yaml"
    path.write_text(NEEDED.sub("word", path.read_text()))
    return path


# --- the container file -------------------------------------------------------------------------------------------


def test_the_container_file_is_sound() -> None:
    said = ran(beside_python("hadolint"), "--format", "json", str(DEPLOY / "Containerfile"))
    assert json.loads(said.stdout) == []


def test_a_fault_in_a_container_file_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").write_text("FROM python\nRUN cd /tmp\n")
    said = ran(beside_python("hadolint"), "--format", "json", str(tmp_path / "Containerfile"))
    assert {found["code"] for found in json.loads(said.stdout)} >= {"DL3006", "DL3003"}


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    installs = [line for line in text.replace("\\\n", " ").splitlines() if "pip install" in line]
    assert installs
    assert all(
        part.count("--constraint config/constraints.txt") == 1 for line in installs for part in line.split("pip install")[1:]
    )
    assert "USER 10001:10001" in text


# --- compose ------------------------------------------------------------------------------------------------------


def test_compose_is_read_by_its_reference_reader(tmp_path: Path) -> None:
    read = ran(tool("PORTOPT_TEST_COMPOSE"), "-format", "json", str(filled_in(tmp_path)))
    assert read.returncode == 0, read.stdout + read.stderr
    assert set(json.loads(read.stdout)["services"]) == set(compose()["services"])


def test_an_unknown_key_of_compose_would_be_seen(tmp_path: Path) -> None:
    path = filled_in(tmp_path)
    path.write_text(path.read_text().replace("    restart: unless-stopped\n", "    restrat: unless-stopped\n", 1))
    assert ran(tool("PORTOPT_TEST_COMPOSE"), str(path)).returncode != 0


def test_compose_asks_for_its_secrets_and_holds_none() -> None:
    named = set(NEEDED.findall((DEPLOY / "compose.yaml").read_text()))
    given = dict(line.split("=", 1) for line in (DEPLOY / "example.env").read_text().splitlines() if "=" in line)
    assert named == set(given)
    assert not any(given.values())


def test_every_published_port_is_on_loopback_and_every_image_is_of_one_version() -> None:
    for name, service in compose()["services"].items():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())), name
        tag = service["image"].rpartition(":")[2]
        assert tag == "local" or re.search(r"\d+\.\d+", tag), name


def test_what_is_ours_in_compose_is_locked_down() -> None:
    ours = {name: s for name, s in compose()["services"].items() if s["image"] == "portopt:local"}
    assert {"service", "runner", "relay", "orchestrator", "flows", "night", "retention", "gate"} == set(ours)
    for name, service in ours.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] == "10001:10001", name
        assert "mem_limit" in service, name


# --- cluster ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [OLDEST_CLUSTER, NEWEST_CLUSTER])
def test_the_manifests_are_valid(version: str) -> None:
    said = ran(beside_python("kubernetes-validate"), "--strict", "-k", version, *map(str, MANIFESTS))
    assert said.returncode == 0, said.stdout + said.stderr


def test_an_unknown_field_of_a_manifest_would_be_seen(tmp_path: Path) -> None:
    text = (DEPLOY / "kubernetes" / "service.yaml").read_text().replace("replicas:", "replcas:")
    (tmp_path / "service.yaml").write_text(text)
    assert ran(beside_python("kubernetes-validate"), "--strict", str(tmp_path / "service.yaml")).returncode != 0


def test_every_pod_is_limited_unprivileged_and_reads_alone() -> None:
    assert set(pods()) == set(WORKLOADS)
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], name
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name


def test_every_command_of_a_container_is_one_that_the_command_line_has() -> None:
    from portopt.doors.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups}
    of_pods = [container["args"] for pod in pods().values() for container in pod["containers"] if "command" not in container]
    ours = [s for s in compose()["services"].values() if s["image"] == "portopt:local" and "entrypoint" not in s]
    for words in (*of_pods, *(service["command"] for service in ours)):
        assert words[0] in known, words


def test_what_answers_is_probed() -> None:
    for name in ("service", "orchestrator"):
        (container,) = pods()[name]["containers"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), name


# --- what watches it ----------------------------------------------------------------------------------------------


def test_the_rules_of_what_watches_are_valid_and_fire_when_they_should() -> None:
    for command in (
        ("check", "config", "prometheus.yaml"),
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml"),
    ):
        said = ran(tool("PORTOPT_TEST_PROMTOOL"), *command, cwd=DEPLOY / "prometheus")
        assert said.returncode == 0, said.stdout + said.stderr


def test_a_rule_that_never_fires_would_be_seen(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "prometheus", tmp_path / "prometheus")
    rules = tmp_path / "prometheus" / "alerts.yaml"
    rules.write_text(rules.read_text().replace('up{job="portopt"} == 0', 'up{job="portopt"} == 7'))
    assert ran(tool("PORTOPT_TEST_PROMTOOL"), "test", "rules", "alerts_test.yaml", cwd=rules.parent).returncode != 0


def test_every_figure_that_is_watched_is_one_that_the_service_gives() -> None:
    told = set(re.findall(r"`(portopt_\w+)`", (DEPLOY.parents[1] / "docs" / "operations.md").read_text()))
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "portopt.json").read_text())
    watched = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    watched += [rule["expr"] for group in rules for rule in group["rules"]]
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for text in watched for name in re.findall(r"portopt_\w+", text)}
    assert len(watched) > 10
    assert named <= told, named - told
