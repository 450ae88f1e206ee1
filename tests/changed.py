"""Which tests look at what was changed: for `make check`, which has two minutes, where `make test` has twenty.

    python tests/changed.py [--since REF]      prints the files, one a line; nothing where nothing was changed

Changed is what differs from REF: by default where this branch left `main`, or the last commit on `main` itself; files that git
does not know yet count. A test looks at a module where it imports it, anywhere in the file, or is called after it. A module
that no test names has the tests of its room, or of what imports it. The architecture's own tests are always among them.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
TESTS = REPOSITORY / "tests"
ALWAYS = "tests/architecture"
OURS = ("src", "flows", "tasks")
NOT_RUN = ("benchmarks", "differential")


def changed_files(since: str | None) -> tuple[str, ...]:
    """Paths from the root of the repository that differ from `since` and are there, or are new."""
    reference = since or _left_main_at()
    differs = _git("diff", "--name-only", "--diff-filter=d", reference)
    new = _git("ls-files", "--others", "--exclude-standard")
    return tuple(sorted({*differs, *new}))


def _left_main_at() -> str:
    branch = _git("rev-parse", "--abbrev-ref", "HEAD")[0]
    return "HEAD" if branch == "main" else _git("merge-base", "HEAD", "main")[0]


def _git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()


def tests_of(changed: Iterable[str]) -> tuple[str, ...]:
    """The test files that look at what was changed, and the architecture's; () where nothing was."""
    files = list(changed)
    if not files:
        return ()
    found = {ALWAYS}
    for file in files:
        found |= _looking_at(file)
    return tuple(sorted(found))


def _looking_at(file: str) -> set[str]:
    path = Path(file)
    if path.parts[0] == "tests":
        return _of_a_test_file(path)
    if path.suffix != ".py" or path.parts[0] not in OURS:
        return set()
    named = {test for test in _imports() if Path(test).stem == f"test_{path.stem}"} if path.stem != "__init__" else set()
    return named | _importing(_module(path)) or _of_the_room(path) or _through(_module(path))


def _importing(module: str) -> set[str]:
    return {test for test, imported in _imports().items() if module in imported}


def _through(module: str) -> set[str]:
    """The tests that look at what imports the module, or at what imports that, and so on until there is one."""
    near, seen = {module}, {module}
    while near:
        near = {name for name, imported in _ours().items() if imported & near} - seen
        seen |= near
        found = set().union(*(_importing(name) for name in near)) if near else set()
        if found:
            return found
    return set()


def _of_a_test_file(path: Path) -> set[str]:
    """Itself; of what other tests are made with, those that import it, or lie beside it."""
    if path.parts[1] in NOT_RUN or path.suffix != ".py":
        return set()
    if path.name.startswith("test_"):
        return {path.as_posix()}
    beside = {
        test for test in _imports() if path.name == "conftest.py" and Path(test).parent == path.parent and len(path.parts) > 2
    }
    return beside | {test for test, imported in _imports().items() if path.stem in imported}


def _of_the_room(path: Path) -> set[str]:
    room = path.relative_to("src/portopt").parts[0] if path.is_relative_to("src/portopt") else path.parts[0]
    folders = [TESTS / "unit" / room, TESTS / room]
    return {folder.relative_to(REPOSITORY).as_posix() for folder in folders if folder.is_dir()}


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    dotted = parts[1:] if parts[0] == "src" else parts
    return ".".join(dotted[:-1] if dotted[-1] == "__init__" else dotted)


@cache
def _imports() -> Mapping[str, frozenset[str]]:
    """{test file: every module that it imports, by its dotted name}."""
    tests = (path for path in sorted(TESTS.rglob("test_*.py")) if path.relative_to(TESTS).parts[0] not in NOT_RUN)
    return {path.relative_to(REPOSITORY).as_posix(): frozenset(_imported(path)) for path in tests}


@cache
def _ours() -> Mapping[str, frozenset[str]]:
    """{module of ours: what it imports}."""
    files = (path for root in OURS for path in sorted((REPOSITORY / root).rglob("*.py")))
    return {_module(path.relative_to(REPOSITORY)): frozenset(_imported(path)) for path in files}


def _imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--since", help="a commit or branch")
    print("\n".join(tests_of(changed_files(asked.parse_args().since))))


if __name__ == "__main__":
    main()
