"""A spoiled file is read or refused with a reason, whatever was done to it: no internal error, nothing without bound.

PORTOPT_MUTATED_FILES sets how many are tried (4,000 in a campaign); the suite tries a sample.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from pathlib import Path

import pytest
from files_mutator import odd_frame, spoiled

import portopt
from portopt import runtime as runtime_module
from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.frames import FrameProvider
from portopt.adapters.providers.holdings_files import read_benchmark, read_benchmark_column, read_holdings, read_universe
from portopt.domain.errors import PortoptError
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.doors import cli
from portopt.market import open_snapshot
from portopt.tables.account import Account
from portopt.tables.files import read_file
from portopt.tables.head import score_of_prices
from portopt.tables.returns import returns_of

TRIED = int(os.environ.get("PORTOPT_MUTATED_FILES", "150"))
FOUND = (10335, 11146)  # each was an internal error once: a single day of prices, a panic inside a library
WHOLE = 8  # every so many goes through the command line, from files to the proposal
CODES = {0, 2, 3, 4, 5, 6}
MOST_MEMORY, MOST_SECONDS = 1_000_000, 20.0  # kB more than before, CPU
POLICY = {
    "schema_version": "1.0",
    "policies": [
        {
            "id": "p", "name": "p", "method_version": "v1", "objective": {"kind": "min_risk"},
            "limits": {"long_only": True, "cash": {"max": 0.05}},
            "estimation": {"expected_returns": "historical_mean", "covariance": "sample",
                           "lookback": None, "min_observations": 10},
        }
    ],
}  # fmt: skip


def read_prices(path: Path) -> None:
    provider = FileProvider(path)
    table = provider.prices(MarketQuery())
    open_snapshot(table, source=provider.source, adjustment=provider.adjustment, policy=DataPolicy(), query=MarketQuery())
    said = Account(path.name)
    returns_of(read_file(path, score_of_prices, said), said)


def read_book(path: Path) -> None:
    read_holdings(path)
    read_benchmark_column(path)


READERS = {"prices": read_prices, "holdings": read_book, "universe": read_universe, "benchmark": read_benchmark}


def code_of_reader(name: str, path: Path) -> int:
    try:
        READERS[name](path)
    except PortoptError as error:
        return error.exit_code if error.detail else 1
    return 0


def code_of_command(folder: Path, files: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    words = [word for file in files for word in (f"--{file.split('.')[0]}", str(folder / file))]
    code = cli.run(["rebalance", *words, "--policy", str(folder / "policy.json"), "--no-frontier", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert (code == 0) == (answer.get("kind") == "rebalance")
    assert answer.get("code") != "internal_error", answer
    return int(code)


def test_spoiled_files_are_read_or_refused_with_a_reason(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    codes: Counter[int] = Counter()
    before, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, (0.0, -1)
    for seed in (*range(TRIED), *FOUND):
        name, kind, contents = spoiled(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        for file, content in contents.items():
            (folder / file).write_bytes(content)
        (folder / "policy.json").write_text(json.dumps(POLICY))
        began = time.process_time()
        if seed % WHOLE == 0:
            code = code_of_command(folder, list(contents), capsys)
        else:
            code = code_of_reader(name, folder / f"{name}.{kind}")
        slowest = max(slowest, (time.process_time() - began, seed))
        assert code in CODES, (seed, name, kind)
        codes[code] += 1
    assert codes[0] > TRIED // 10, codes
    assert codes[2] + codes[4] > TRIED // 10, codes
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert used < MOST_MEMORY, used
    if TRIED > 1000:
        assert slowest[0] < MOST_SECONDS, slowest
        print(dict(codes), "slowest", slowest, "kB", used)


def code_of_frame(seed: int) -> int:
    frame, code = odd_frame(seed), 0
    for read in (lambda: FrameProvider(frame).prices(MarketQuery()), lambda: portopt.ask(frame, "min_risk")):
        try:
            read()
        except PortoptError as error:
            code = error.exit_code if error.detail else 1
    return code


@pytest.mark.filterwarnings("ignore")
def test_odd_frames_are_read_or_refused_with_a_reason():
    codes = Counter(code_of_frame(seed) for seed in range(max(TRIED, 1)))
    assert set(codes) <= CODES, codes
    assert codes[2] + codes[4] > 0
