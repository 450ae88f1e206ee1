"""Reads a home it may not write, then tries to write: prints what each question gave, as JSON. `reader.py HOME`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import small_book

from portopt.domain.canonical import plain
from portopt.domain.errors import PortoptError
from portopt.questions import policies
from portopt.runs import history
from portopt.runtime import Runtime
from portopt.settings import Settings


def answer(question) -> object:
    try:
        return question()
    except PortoptError as error:
        return {"code": error.code, "exit_code": error.exit_code, "detail": error.detail, "fixes": error.fixes}


if __name__ == "__main__":
    runtime = Runtime(Settings(home=Path(sys.argv[1])))
    (run,) = history.runs(runtime)
    print(
        json.dumps(
            {
                "runs": run["run_id"],
                "explain": answer(lambda: history.explain(run["run_id"], runtime)["run_id"]),
                "rebalance": answer(lambda: small_book.rebalance(runtime, 6000).run_id),
                "policies": answer(lambda: plain(policies.seed_policies(runtime))),
            }
        )
    )
