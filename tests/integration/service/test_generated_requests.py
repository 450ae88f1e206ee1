"""Requests that are generated from the contract: every operation, every phase, stateful by links.

PORTOPT_GENERATED=N asks for N examples an operation in each phase (make test asks for few).
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from integration.service.serving import Served
from support import environment

from portopt.doors.rest.openapi import openapi_document
from portopt.doors.wire.operations import OPERATIONS, Operation

EXAMPLES = os.environ.get("PORTOPT_GENERATED", "1")
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "unsupported_method", "negative_data_rejection", "allow_header_conformance"),
)
# 504 is the time that the request itself gave, X-Request-Timeout.
CONFIG = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", "504"]\n'
# A stream ends with what it tells of; streams have tests of their own.
COMMAND = (
    *("--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", "11", "--exclude-path-regex", "/events$"),
    *("--continue-on-failure", "--suppress-health-check", "all", "--no-shrink", "--warnings", "off", "--request-timeout", "60"),
    *("--report", "ndjson", "--report-ndjson-path", "told.ndjson"),
)
MEANT = [operation for operation in OPERATIONS.values() if operation.method in ("POST", "PUT")]


def test_no_generated_request_ends_in_a_fault_or_beside_the_contract(sqlite_service: Served, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    place = f"{sqlite_service.url}/api/v1/openapi.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", place, *COMMAND]
    env = environment(tmp_path) | {"COLUMNS": "160"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-12_000:]
    assert "Stateful" in done.stdout
    assert f"Tested: {len(OPERATIONS)}" in done.stdout
    summary = done.stdout[done.stdout.rindex("SUMMARY") :]
    assert "No issues found" in summary or "passed" in summary, summary
    print(summary)


@pytest.mark.parametrize("operation", MEANT, ids=lambda operation: operation.name)
def test_a_refused_request_writes_nothing(service: Served, operation: Operation) -> None:
    before = written(service)
    refusals = 0
    for body in wrong_bodies(operation):
        place = operation.path.format(portfolio_id="P-none", optimization_id="opt-0", run_id="reb-0", policy_id="made-up")
        answer = service.client.request(operation.method, place, json=body)
        assert 400 <= answer.status_code < 500, (operation.name, body, answer.text)
        refusals += 1
    assert refusals
    assert written(service) == before


def wrong_bodies(operation: Operation) -> Iterator[Any]:
    """The example with one member of another type, with a name that nobody knows, and what is no such body at all."""
    told = openapi_document()["paths"][operation.path][operation.method.lower()]
    if "requestBody" not in told:
        yield None
        return
    example = told["requestBody"]["content"]["application/json"]["example"]
    yield from ("text", 7, True)
    if isinstance(example, Mapping):
        for name in example:
            yield {**copy.deepcopy(example), name: {"not": ["this"]}}
        yield {**copy.deepcopy(example), "no_such_name": {}}


def written(service: Served) -> dict[str, Any]:
    """What the store and its folders hold, counted."""
    runtime = service.runtime()
    health = {name: value for name, value in runtime.runs.health().items() if name in ("runs", "policies", "outbox_pending")}
    files = sorted(str(path.relative_to(service.home)) for path in service.home.rglob("*") if path.is_file())
    kept = [name for name in files if name.startswith(("packs/", "beliefs/", "reports/"))]
    portfolios = [portfolio.id for portfolio in runtime.portfolios.list(None, limit=500)]
    found = {**health, "files": kept, "portfolios": portfolios, "jobs": json.dumps(runtime.jobs.counts())}
    runtime.runs.close()
    return found
