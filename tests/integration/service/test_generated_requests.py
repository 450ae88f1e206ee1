"""Requests that are generated from the contract: every operation, examples, random ones, chains of them by links.

PORTOPT_GENERATED=N asks for N examples an operation, and for the phase that walks every boundary of every schema (about 8,000
requests); PORTOPT_GENERATED_SEED for others than usually. make test asks for few.
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
from portopt.runtime import Runtime

FEW = "2"
SEED = os.environ.get("PORTOPT_GENERATED_SEED", "11")
EXAMPLES = os.environ.get("PORTOPT_GENERATED", FEW)
PHASES = "examples,fuzzing,stateful" + (",coverage" if "PORTOPT_GENERATED" in os.environ else "")
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "unsupported_method", "negative_data_rejection", "allow_header_conformance"),
)
# 504 is the time that the request itself gave, X-Request-Timeout. A batch is answered with 200 whatever its members are: one
# that is beside the contract has a problem object in its place (tests of the batch look at that).
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "504"]

[[operations]]
include-operation-id = "optimize_batch"
checks.negative_data_rejection.expected-statuses = ["200", "4xx", "504"]
"""
# A header that nobody knows is no fault of a request: HTTP has them added on the way. What is not at its end is not waited for:
# the seconds that the example of Prefer asks for have tests of their own.
HOOKS = """
import schemathesis

@schemathesis.hook
def filter_case(context, case):
    return not any(name.lower().startswith("x-schemathesis") for name in case.headers or {})


@schemathesis.hook
def before_call(context, case, kwargs):
    if "wait" in (case.headers or {}).get("Prefer", ""):
        del case.headers["Prefer"]
"""
# A stream ends with what it tells of; streams have tests of their own.
COMMAND = (
    *(
        "--checks",
        ",".join(CHECKS),
        "--phases",
        PHASES,
        "--max-examples",
        EXAMPLES,
        "--seed",
        SEED,
        "--exclude-path-regex",
        "/events$",
    ),
    *("--continue-on-failure", "--suppress-health-check", "all", "--no-shrink", "--warnings", "off", "--request-timeout", "60"),
)
MEANT = [operation for operation in OPERATIONS.values() if operation.method in ("POST", "PUT")]


def test_no_generated_request_ends_in_a_fault_or_beside_the_contract(sqlite_service: Served, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    (tmp_path / "beside.py").write_text(HOOKS)
    place = f"{sqlite_service.url}/api/v1/openapi.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", place, *COMMAND]
    env = environment(tmp_path) | {"COLUMNS": "160", "SCHEMATHESIS_HOOKS": "beside", "NO_COLOR": "1"}
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[:9_000]}…{done.stdout[-6_000:]}\n{sqlite_service.log[-6_000:]}"
    summary = done.stdout[done.stdout.rindex("SUMMARY") :]
    print(summary)
    assert "Stateful" in summary
    assert f"Tested: {len(OPERATIONS)}" in summary


@pytest.fixture(scope="module")
def opened(service: Served) -> Iterator[Runtime]:
    """The installation of the service, to look at."""
    found = service.runtime()
    yield found
    found.runs.close()


@pytest.mark.parametrize("operation", MEANT, ids=lambda operation: operation.name)
def test_a_refused_request_writes_nothing(service: Served, opened: Runtime, operation: Operation) -> None:
    before = written(service, opened)
    refusals = 0
    for body in wrong_bodies(operation):
        named = {"portfolio_id": "P-none", "run_id": "reb-0", "question": "risk", "policy_id": "made-up", "alert_id": "alert-0",
                 "silence_id": "silence-0", "wave_id": "wave-0", "choice_id": "ask-0", "saved_id": "sav-0"}  # fmt: skip
        jobs = {"optimization_id": "opt-0", "backtest_id": "bt-0", "walk_forward_id": "wf-0", "comparison_id": "cmp-0"}
        place = operation.path.format(**named, **jobs)
        answer = service.client.request(operation.method, place, json=body)
        assert 400 <= answer.status_code < 500, (operation.name, body, answer.text)
        refusals += 1
    assert refusals
    assert written(service, opened) == before


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


def written(service: Served, runtime: Runtime) -> dict[str, Any]:
    """What the store and its folders hold, counted."""
    health = {name: value for name, value in runtime.runs.health().items() if name in ("runs", "policies", "outbox_pending")}
    files = sorted(str(path.relative_to(service.home)) for path in service.home.rglob("*") if path.is_file())
    kept = [name for name in files if name.startswith(("packs/", "beliefs/", "reports/"))]
    portfolios = [portfolio.id for portfolio in runtime.portfolios.list(None, limit=500)]
    return {**health, "files": kept, "portfolios": portfolios, "jobs": json.dumps(runtime.jobs.counts())}
