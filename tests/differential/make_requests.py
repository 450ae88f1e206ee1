"""Write `requests.json.gz`: every request that versions are compared by, gathered once from the code of today.

    PYTHONPATH=src:.:tests python tests/differential/make_requests.py

Each is answered here first, and what takes longer than a request may is left out and said. Needs the catalogs' own modules;
`run.py` does not. A request changes only together with the answers it is compared with: make both sides anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import of_books
import of_pages_and_cases
import of_the_catalog
import of_the_face
import of_the_sample
from run import PROCESSES, answers
from stored import Request, store

LONGEST = 20.0  # seconds


def gathered() -> Iterator[Request]:
    for family in (of_the_catalog, of_the_sample, of_books, of_pages_and_cases, of_the_face):
        yield from family.requests()


def main() -> int:
    requests = list(gathered())
    with tempfile.TemporaryDirectory() as folder:
        found = answers(requests, Path(folder), PROCESSES)
    kept = {name for name, seconds, _ in found if seconds <= LONGEST}
    for name, seconds, _ in sorted(found, key=lambda done: -done[1]):
        if seconds > LONGEST:
            print(f"left out: {name} took {seconds:.0f} s")
    size = store(request for request in requests if request.name in kept)
    print(f"{len(kept)} of {len(requests)} requests, {size / 1e3:.0f} kB")
    return 0 if len(found) == len(requests) else 1


if __name__ == "__main__":
    os.environ.pop("PORTOPT_HOME", None)
    sys.exit(main())
