"""The document of the events says what is sent: checked against messages of both transports, and against S1's example."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import small_book
import yaml
from support import REPOSITORY

from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.adapters.events.relay import relay_until_empty
from portopt.dialects.strategy import read_request, write_response
from portopt.questions.weights import optimize
from portopt.runs import answers
from portopt.runs.events import deliver, event_of
from portopt.runtime import Runtime
from portopt.settings import Settings

DOCUMENT = yaml.safe_load((REPOSITORY / "docs" / "events" / "asyncapi.yaml").read_text())
MESSAGE = DOCUMENT["components"]["messages"]["portfolioOptimized"]
REQUEST = {
    "portfolio_id": "P7",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}


def validator(part: str) -> jsonschema.Draft202012Validator:
    """Of a message's `headers` or `payload`, formats too."""
    schema = {**MESSAGE[part], "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def require_as_documented(headers: dict[str, Any], payload: dict[str, Any]) -> None:
    validator("headers").validate(headers)
    validator("payload").validate(payload)
    assert headers["id"] == headers["event_id"] == payload["event_id"]
    assert headers["subject"] == payload["portfolio_optimized"]["portfolio_id"]


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    """An installation with two events that wait: of a rebalance and of a choice of weights."""
    runtime = Runtime(Settings(home=tmp_path / "home", events="pulsar"))
    small_book.rebalance(runtime)
    request = read_request(REQUEST)
    answers.keep("optimize", request, write_response(request, optimize(request)), runtime)
    assert runtime.runs.outbox().waiting == 2
    return runtime


def test_its_example_is_a_message_as_it_says():
    (example,) = MESSAGE["examples"]
    require_as_documented(example["headers"], example["payload"])


def test_its_example_is_s1s_with_what_the_resolutions_add():
    (example,) = MESSAGE["examples"]
    payload = copy.deepcopy(example["payload"])
    del payload["schema_version"]
    metadata = payload["portfolio_optimized"]["optimization_metadata"]
    assert {metadata.pop("objective_value"), metadata.pop("constraints_satisfied")} == {0.67, True}
    assert payload == {
        "event_id": payload["event_id"],
        "timestamp": "2025-06-21T10:00:00.000Z",
        "portfolio_optimized": {
            "portfolio_id": "portfolio_001",
            "optimal_weights": {"strategy_momentum": 0.35, "strategy_value": 0.25, "strategy_growth": 0.40},
            "expected_return": 0.12,
            "expected_volatility": 0.18,
            "sharpe_ratio": 0.67,
            "optimization_metadata": {"convergence_status": "optimal", "iterations": 45, "optimization_time_ms": 2400},
        },
    }


@pytest.mark.parametrize("kind", ["rebalance", "optimize"])
@pytest.mark.parametrize("change", ["a field more", "a field less", "milliseconds of a float", "a local time"])
def test_what_is_not_as_it_says_is_found(installed: Runtime, kind: str, change: str):
    (run,) = [run for run in installed.runs.runs() if run.kind == kind]
    body = copy.deepcopy(dict(event_of(installed.runs.get(run.run_id)).body))
    validator("payload").validate(body)
    optimized = body["portfolio_optimized"]
    if change == "a field more":
        optimized["note"] = ""
    elif change == "a field less":
        del optimized["sharpe_ratio"]
    elif change == "milliseconds of a float":
        optimized["optimization_metadata"]["optimization_time_ms"] = 0.5
    else:
        body["timestamp"] = "2025-06-21T12:00:00+02:00"
    with pytest.raises(jsonschema.ValidationError):
        validator("payload").validate(body)


def test_lines_of_the_local_log_are_as_it_says(installed: Runtime):
    local = Runtime(Settings(home=installed.settings.home, events="local"))
    assert deliver(local) == 2
    for line in local.settings.event_log_path.read_text().splitlines():
        headers = json.loads(line)
        payload = headers.pop("data")
        require_as_documented({**headers, "event_id": headers["id"]}, payload)


@pytest.mark.pulsar
def test_messages_on_the_broker_are_as_it_says(installed: Runtime, broker, topic, messages: Callable[[str, str], list]):
    with closing(installed.runs.deliveries()) as ours, closing(PulsarSink(broker[0], topic)) as sink:
        assert relay_until_empty(ours, sink) == 2
        sink.replay(event_of(installed.runs.get(installed.runs.runs()[0].run_id)))
    found = messages(broker[0], topic)
    assert len(found) == 3
    for message in found:
        require_as_documented(dict(message.properties()), json.loads(message.data()))
        assert message.partition_key() == message.properties()["subject"]
