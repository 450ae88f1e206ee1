"""Submits one request under one idempotency key, so many times from several threads: prints the jobs that it was given."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from submitted import asked

from portopt.runs.submissions import AskedFor, submit
from portopt.runtime import runtime

if __name__ == "__main__":
    times, folder, cash = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    ours, request = runtime(), asked(folder, cash)
    asked_for = AskedFor("desk", idempotency_key="the one key")

    def once(_: int) -> str:
        body = {"target_type": "optimal"}
        return submit("rebalance", body, request, 1, ours, asked_for, names_its_data=False).job_id

    with ThreadPoolExecutor(8) as threads:
        print(json.dumps(list(threads.map(once, range(times)))))
