"""The command line in process: what it prints where, and with which code it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from portopt import runtime as runtime_module
from portopt.domain.errors import CertificateRefused, DataError, InfeasibleRequest, OutsideError, UnknownRun
from portopt.doors import cli
from portopt.questions import weights

REQUEST = {
    "portfolio_id": "p",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PORTOPT_DEBUG", raising=False)
    runtime_module.runtime.cache_clear()
    return tmp_path / "home"


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST))
    return str(path)


def one_document(capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    """The only JSON document on stdout, and stderr."""
    out, err = capsys.readouterr()
    return json.loads(out), err


def test_the_least_volatile_weights_of_two_uncorrelated_strategies(
    request_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["optimize", request_file, "--json"]) == 0
    document, _ = one_document(capsys)
    # w_i proportional to 1/sigma_i^2: 25 and 100, so 0.2 and 0.8; sigma = 1/sqrt(125)
    assert document["optimal_weights"] == pytest.approx({"a": 0.2, "b": 0.8}, abs=1e-12)
    assert document["expected_volatility"] == pytest.approx(125**-0.5, abs=1e-12)
    assert document["optimization_metadata"]["constraints_satisfied"] is True


@pytest.mark.parametrize("words", [["--json", "optimize", "FILE"], ["optimize", "--json", "FILE"], ["optimize", "FILE"]])
def test_json_means_the_same_wherever_it_stands(
    words: list[str], request_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([request_file if word == "FILE" else word for word in words]) == 0
    out = capsys.readouterr().out
    assert out.startswith("{") == ("--json" in words)
    assert ("20.00 %" in out) == ("--json" not in words)


def test_a_dash_reads_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(REQUEST).encode())))
    assert cli.run(["optimize", "-", "--json"]) == 0
    assert one_document(capsys)[0]["portfolio_id"] == "p"


WRONG: list[tuple[list[str], str, str | None, str | None]] = [
    # words, code of the problem, the field asked, something among the fixes
    (["optmize", "x.json"], "usage_error", "command", "use optimize"),
    (["packs", "dif"], "usage_error", "command", "use diff"),
    (["optimize", "x.json", "--jason"], "usage_error", "option", "use --json"),
    (["rebalance", "--holding", "x.csv"], "usage_error", "option", "use --holdings"),
    (["rebalance", "--fractinal"], "usage_error", "option", "use --fractional"),
    (["optimize"], "missing_input", "FILE", "request.json"),
    (["optimize", "a", "b"], "usage_error", None, "--help"),
    (["replay"], "missing_input", "RUN", "portopt replay --bundle FILE.zip"),
    (["replay", "reb-1", "--bundle", "x.zip"], "missing_input", "RUN", "portopt replay --bundle FILE.zip"),
    (["replay", "--bundle", "reqest.json"], "file_not_readable", "bundle", "/bundle writes one"),
    (["frontier", "request.json", "--points", "many"], "usage_error", "--points", "--help"),
    (["frontier", "request.json", "--points", "1"], "usage_error", "--points", "--help"),
    (["runs", "--limit"], "usage_error", "--limit", "--help"),
    ([], "usage_error", "command", "--help"),
    (["policies"], "usage_error", "command", "--help"),
    (["optimize", "reqest.json"], "file_not_readable", "request", "use request.json"),
    (["optimize", "."], "file_not_readable", "request", "stdin"),
    (["optimize", "a\x00b"], "file_not_readable", "request", "stdin"),
    (["policies", "check", "nowhere.json"], "file_not_readable", "policy", "stdin"),
    (["frontier"], "missing_input", "FILE", "request.json"),
    (["frontier", "request.json", "--holdings", "x.csv"], "missing_input", "FILE", "request.json"),
    (["frontier", "request.json", "--max-risk", "nan"], "invalid_value", "--max-risk", "0.1"),
    (["rebalance"], "missing_input", "--holdings", "sample"),
    (["rebalance", "--holdings", "nowhere.csv"], "file_not_readable", None, None),
    (["rebalance", "--holdings", "sample", "--provider", "sampl"], "invalid_value", "--provider", "use 'sample'"),
    (["rebalance", "--holdings", "sample", "--provider", "sql", "--prices", "x.csv"], "invalid_value", "--provider", None),
    (["rebalance", "--holdings", "sample", "--as-of", "tomorrow"], "invalid_value", "--as-of", "2022-12-28"),
    (["rebalance", "--holdings", "sample", "--set", "max_weight"], "invalid_value", "--set", "limits.max_weight=0.12"),
    (
        ["rebalance", "--holdings", "sample", "--set", "limits.max_wieght=0.1"],
        "unknown_field",
        "limits.max_wieght",
        "max_weight",
    ),
    (["rebalance", "--holdings", "sample", "--set", "limits.max_weight=12"], "invalid_value", "limits.max_weight", None),
    (["rebalance", "--holdings", "sample", "--policy", "quality"], "unknown_policy", "policy", "quality_focused"),
    (["rebalance", "--holdings", "sample", "--output-dir", "request.json"], "invalid_value", "--output-dir", "folder"),
]


@pytest.mark.parametrize(("words", "code", "field", "fix"), WRONG, ids=[" ".join(w[0]).replace("\x00", "0") for w in WRONG])
def test_what_is_asked_wrongly_is_a_problem_object_with_a_fix(
    words: list[str], code: str, field: str | None, fix: str | None, request_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*words, "--json"]) == 2
    problem, err = one_document(capsys)
    assert problem["code"] == code
    assert err == ""
    if field is not None:
        assert problem["asked"]["field"] == field
    if fix is not None:
        assert any(fix in line for line in problem["fixes"])


@pytest.mark.parametrize("words", [w[0] for w in WRONG[::4]], ids=lambda w: " ".join(w).replace("\x00", "0"))
def test_in_words_a_refusal_goes_to_stderr_alone(
    words: list[str], request_file: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_nothing_is_written_for_files_that_cannot_be_read(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert cli.run(["rebalance", "--holdings", "nowhere.csv", "--output-dir", str(out)]) == 2
    assert not home.exists()
    assert not out.exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownRun("x"), 2),
        (InfeasibleRequest("no portfolio"), 3),
        (DataError("no prices"), 4),
        (OutsideError("no answer"), 5),
        (CertificateRefused("not signed"), 1),
    ],
)
def test_every_branch_of_the_errors_has_its_exit_code(
    error: Exception, code: int, request_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any, **_more: Any) -> Any:
        raise error

    monkeypatch.setattr(weights, "optimize", fails)
    assert cli.run(["optimize", request_file, "--json"]) == code
    assert one_document(capsys)[0]["code"] == error.code  # type: ignore[attr-defined]


def test_an_error_of_ours_leaves_a_log_and_no_traceback(
    request_file: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: Any, **_more: Any) -> Any:
        raise ZeroDivisionError("seven by nothing")

    monkeypatch.setattr(weights, "optimize", breaks)
    assert cli.run(["optimize", request_file, "--json"]) == 1
    problem, err = one_document(capsys)
    assert problem["code"] == "internal_error"
    assert "Traceback" not in err
    log = Path(problem["measured"]["log"])
    assert log.parent == home / "errors"
    assert "ZeroDivisionError: seven by nothing" in log.read_text()


def test_debugging_shows_the_traceback(
    request_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: Any, **_more: Any) -> Any:
        raise ZeroDivisionError("seven by nothing")

    monkeypatch.setattr(weights, "optimize", breaks)
    monkeypatch.setenv("PORTOPT_DEBUG", "1")
    assert cli.run(["optimize", request_file, "--json"]) == 1
    assert "Traceback" in one_document(capsys)[1]


def test_what_a_library_prints_does_not_spoil_the_document(
    request_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = weights.optimize

    def chatty(request: Any, *_: Any, **_more: Any) -> Any:
        print("hello from a library")
        return original(request)

    monkeypatch.setattr(weights, "optimize", chatty)
    assert cli.run(["optimize", request_file, "--json"]) == 0
    assert "hello from a library" in one_document(capsys)[1]


def test_an_interrupt_ends_quietly(
    request_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **_more: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "optimize", interrupted)
    assert cli.run(["optimize", request_file, "--json"]) == 130
    assert capsys.readouterr().out == ""


def test_limits_that_cannot_hold_together_end_with_three_and_name_the_conflict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "infeasible.json"
    path.write_text(json.dumps({**REQUEST, "constraints": {"max_weight": 0.4}}))
    assert cli.run(["optimize", str(path), "--json"]) == 3
    problem, _ = one_document(capsys)
    assert problem["code"] == "infeasible"
    assert any("max_weight" in conflict["limits"] for conflict in problem["measured"]["conflicts"])
    assert problem["fixes"]


def test_a_policy_shown_is_a_file_that_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["policies", "show", "quality_focused", "--json"]) == 0
    shown = capsys.readouterr().out
    (tmp_path / "mine.json").write_text(shown)
    assert cli.run(["policies", "check", "mine.json", "--json"]) == 0
    assert one_document(capsys)[0] == [json.loads(shown)]


def test_policies_seeded_twice_change_nothing_the_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["policies", "seed", "--json"]) == 0
    first = one_document(capsys)[0]
    assert cli.run(["policies", "seed", "--json"]) == 0
    second = one_document(capsys)[0]
    assert (first["changed"], second["changed"]) == (len(first["policies"]), 0)


@pytest.mark.parametrize(
    "words", [["runs"], ["packs", "list"], ["policies", "list"], ["db", "upgrade"], ["relay"]], ids=" ".join
)
def test_a_fresh_installation_answers(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--json"]) == 0
    one_document(capsys)
    assert cli.run(words) == 0
    assert capsys.readouterr().out.strip()


def test_an_unwritable_home_is_said_and_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "file" / "below"))
    runtime_module.runtime.cache_clear()
    assert cli.run(["policies", "seed", "--json"]) != 0
    assert one_document(capsys)[0]["asked"]["field"] == "PORTOPT_HOME"


def test_a_setting_that_means_nothing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORTOPT_MARKET", "bloomberg")
    runtime_module.runtime.cache_clear()
    assert cli.run(["runs", "--json"]) == 2
    assert one_document(capsys)[0]["asked"] == {"field": "PORTOPT_MARKET", "value": "bloomberg"}
