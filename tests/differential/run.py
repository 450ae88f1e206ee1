"""Do two versions of the code answer every stored request with the same bytes?

    PYTHONPATH=BEFORE/src python tests/differential/run.py write /tmp/before
    PYTHONPATH=AFTER/src python tests/differential/run.py write /tmp/after
    python tests/differential/run.py compare /tmp/before /tmp/after

`write` leaves one JSON file a request: documents, problem objects, texts, files that were written, and of a fault its class.
Left out are the fields that a clock wrote (`answering.CLOCKS`); the paths of the run's own folders are told as HOME and FOLDER.
`compare` exits 1 where anything differs. The code under test is the `portopt` on the path; `write` says which one that was.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import answering
import comparing
from stored import Request, stored

PROCESSES = 2
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
SHOWN_SLOWEST = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="answer every request into a folder")
    write.add_argument("folder", type=Path)
    write.add_argument("--only", action="append", default=[], help="the one of that name, or those whose name holds this")
    write.add_argument("--processes", type=int, default=PROCESSES)
    compare = commands.add_parser("compare", help="two folders of answers")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.command == "compare":
        return comparing.report(comparing.compared(given.before, given.after))
    return write_all(chosen(stored(), given.only), given.folder, given.processes)


def chosen(requests: list[Request], only: list[str]) -> list[Request]:
    """Those that are named; all where nothing is."""
    names = {request.name for request in requests}
    exact, parts = set(only) & names, [part for part in only if part not in names]
    return [r for r in requests if not only or r.name in exact or any(part in r.name for part in parts)]


def write_all(requests: list[Request], folder: Path, processes: int) -> int:
    """Answer them into the folder, which is emptied of answers first; 1 where one was not answered at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    began = time.perf_counter()
    found = answers(requests, folder, processes)
    by_time = sorted(found, key=lambda done: -done[1])[:SHOWN_SLOWEST]
    print("slowest: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds, _ in by_time))
    print("answered by " + ", ".join(sorted({where for _, _, where in found})))
    print(f"{len(found)} of {len(requests)} answered in {time.perf_counter() - began:.0f} s")
    return 0 if len(found) == len(requests) else 1


def answers(requests: list[Request], folder: Path, processes: int) -> list[tuple[str, float, str]]:
    """(name, seconds of processor time, the package that answered) of each, as they come."""
    os.environ |= ONE_THREAD  # before the children import NumPy
    found = []
    with (
        tempfile.TemporaryDirectory(prefix="differential-") as homes,
        ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(homes,)) as pool,
    ):
        asked = {pool.submit(_answer, request, folder.resolve()): request.name for request in requests}
        for k, done in enumerate(as_completed(asked), start=1):
            try:
                found.append(done.result())
            except Exception as fault:  # of ours or of a process that died: said, counted, and not taken for an answer
                print(f"{asked[done]}: not answered: {type(fault).__name__}: {fault}", flush=True)
            if k % 50 == 0 or k == len(asked):
                print(f"{k} of {len(asked)}", flush=True)
    return found


def _begin(homes: str) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a command leaves a descriptor open when it has spoken
    answering.start(Path(homes) / f"{os.getpid():010d}" / "home")


def _answer(request: Request, folder: Path) -> tuple[str, float, str]:
    began = time.process_time()
    home = Path(os.environ["PORTOPT_HOME"])
    answer = answering.answered(request, home.parent / "asked")
    write_answer(answer, folder)
    return request.name, time.process_time() - began, str(sys.modules["portopt"].__file__)


def write_answer(answer: dict[str, Any], folder: Path) -> None:
    text = json.dumps(answer, indent=1, ensure_ascii=False)
    (folder / answering.file_name(answer["request"])).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
