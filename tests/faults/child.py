"""Runs the rebalance flow, and dies at one step boundary: `child.py before|after STEP` or `child.py never -`.

Dying is SIGKILL to itself, the same as a machine losing power as far as this process can tell.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys

STEPS = {
    "resolve": ("tasks.gate", "resolve"),
    "fetch": ("portopt.pipeline", "fetch_pack"),
    "begin": ("portopt.runs.lifecycle", "begin"),
    "estimate": ("portopt.pipeline", "estimate"),
    "optimize": ("portopt.pipeline", "optimize"),
    "validate": ("portopt.pipeline", "certify"),
    "trade": ("portopt.pipeline", "trade"),
    "conclude": ("portopt.pipeline", "conclude"),
    "write_report": ("portopt.reports.page", "write_report"),
    "persist": ("portopt.runs.lifecycle", "persist"),
    "publish": ("portopt.adapters.jobs.artifacts", "publish"),
    "deliver": ("portopt.runs.events", "deliver"),
}


def die_at(when: str, step: str) -> None:
    module_name, name = STEPS[step]
    module = importlib.import_module(module_name)
    original = getattr(module, name)

    def dying(*args, **kwargs):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, dying)


if __name__ == "__main__":
    when, step = sys.argv[1:3]
    if when != "never":
        die_at(when, step)
    from flows.rebalance import rebalance

    state = asyncio.run(rebalance(return_state=True))
    print(state.name, asyncio.run(state.aresult()))
