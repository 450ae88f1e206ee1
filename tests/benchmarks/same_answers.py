"""Does the same question have the same answer? In a used process, in another order, alone, and on a busy machine.

    python tests/benchmarks/same_answers.py --questions 300 --alone 60 --busy 60 --beside 8

Every lane asks in processes of its own and is compared, question by question, with the first. Prints a table and exits 1 on a
difference, on a replay that differs, and on a lane that did not answer everything.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
FORWARDS = "one process, in order"
BACKWARDS = "one process, the other way round"
ALONE = "each in a process of its own"
BUSY = "one process on a busy machine"
Digests = dict[int, str]


def asked_in_one_process(numbers: Sequence[int]) -> Digests:
    """A process of its own asks these questions one after another; gives the digest of every answer."""
    command = [sys.executable, str(Path(__file__)), "--ask", ",".join(map(str, numbers))]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=False)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return {int(number): digest for number, digest in lines}


@contextmanager
def busy(beside: int) -> Iterator[None]:
    """That many processes that do nothing but compute."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(beside)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def lanes(questions: int, alone: int, under_load: int, beside: int) -> dict[str, Digests]:
    """The digests by lane. alone, under_load: how many of the questions, evenly spread."""
    every = list(range(questions))
    found = {FORWARDS: asked_in_one_process(every), BACKWARDS: asked_in_one_process(every[::-1])}
    if alone:
        found[ALONE] = {}
        for number in spread(questions, alone):
            found[ALONE] |= asked_in_one_process([number])
    if under_load:
        with busy(beside):
            found[BUSY] = asked_in_one_process(spread(questions, under_load))
    return found


def spread(questions: int, count: int) -> list[int]:
    """`count` of the questions, evenly spread over them."""
    return sorted({k * questions // count for k in range(min(count, questions))})


def differences(found: dict[str, Digests], expected: dict[str, Sequence[int]]) -> list[tuple[int, str]]:
    """(question, lane) where the answer is another than in the first lane, or missing."""
    first = found[FORWARDS]
    wrong = []
    for lane, numbers in expected.items():
        wrong += [(k, lane) for k in numbers if k not in first or found[lane].get(k) != first[k]]
    return wrong


def _answer(numbers: str) -> None:
    """What the child does."""
    from questions import question

    from portopt.domain.canonical import digest

    for number in map(int, numbers.split(",")):
        asked = question(number)
        answer = asked.answer()
        replayed = "" if b'"replayed":false' not in answer else " and its replay differs"
        print(number, f"{digest(answer)}{replayed}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--alone", type=int, default=60)
    parser.add_argument("--busy", type=int, default=60)
    parser.add_argument("--beside", type=int, default=8)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask is not None:
        _answer(given.ask)
        return 0
    found = lanes(given.questions, given.alone, given.busy, given.beside)
    every = range(given.questions)
    counts = {FORWARDS: given.questions, BACKWARDS: given.questions, ALONE: given.alone, BUSY: given.busy}
    expected = {
        lane: list(every) if counts[lane] == given.questions else spread(given.questions, counts[lane]) for lane in found
    }
    return report(found, differences(found, expected))


def report(found: dict[str, Digests], wrong: list[tuple[int, str]]) -> int:
    """The table, and 1 where something differs."""
    from questions import question

    for lane, digests in found.items():
        bad = [k for k, where in wrong if where == lane]
        print(f"{lane:34} {len(digests):4} answers   {len(bad):4} different")
    unlike = [k for k, digest in found[FORWARDS].items() if "replay differs" in digest]
    print(f"{'replay of each run':34} {'':12}   {len(unlike):4} different")
    for k, lane in wrong:
        print(f"  question {k} ({question(k).kind}): another answer in {lane}")
    for k in unlike:
        print(f"  question {k} ({question(k).kind}): replayed to other bytes")
    return 1 if wrong or unlike else 0


if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))
    sys.exit(main())
