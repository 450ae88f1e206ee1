"""Every question is asked at the doors: at the command line and in a notebook, or its absence there has a reason."""

from __future__ import annotations

import ast
from pathlib import Path

from portopt.doors.wire.operations import OPERATIONS, Operation

SOURCE = Path(__file__).parents[2] / "src" / "portopt"
NO_QUESTIONS = {
    "many": "solves and audits a batch for questions/weights.py",
    "sharing": "what the requests of a batch have in common",
    "children": "the processes that a batch is spread over",
    "posed": "what the other questions begin with",
    "stands": "what edits, what-ifs and alternatives are held against",
}
NOT_IN_A_NOTEBOOK = {
    "policies.policies": "policies are kept and listed by who runs the installation",
    "policies.seed_policies": "policies are kept and listed by who runs the installation",
    "policies.versions": "policies are kept and listed by who runs the installation",
    "policies.in_words": "policies are kept and listed by who runs the installation",
    "policy_preview.policy_preview": "policies are changed by who runs the installation",
    "prove_again.prove_again": "a document is put to its proof again from its file",
    "replay_live.replay_live": "a whole store is put to it by who runs the installation",
    "derivatives.derivatives": "what a page needs so as not to ask: `what_if` asks",
    "drill_down.trade": "what a page shows of a proposal by its address: in a notebook its document is at hand, and `edit`",
    "drill_down.limit": "what a page shows of a proposal by its address: in a notebook `sensitivity` tells of every limit",
    "health.doctor": "an installation is examined by who runs it",
    "wave.put_on_record": "a night is started on its schedule or by who runs the installation",
    "wave.carry_out": "a night is started on its schedule or by who runs the installation",
}
NOT_AT_THE_COMMAND_LINE: dict[str, str] = {}
NOT_OVER_THE_WIRE = {
    "verify": "a second opinion from the service that gave the first would be none: it is worked out where the document is",
    "health": "the service says how it is at /readyz; an installation is examined by who runs it",
    "prove_again": "a document is put to its proof again by whoever doubts it, on prices of their own",
    "replay_live": "it is asked of a whole store, by who runs the installation",
}


def questions() -> set[str]:
    """Every public function of a question's file, as `file.function`."""
    found = set()
    for path in sorted((SOURCE / "questions").glob("[!_]*.py")):
        if path.stem not in NO_QUESTIONS:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
            found |= {f"{path.stem}.{name}" for name in functions if not name.startswith("_")}
    return found


def gives(path: Path) -> dict[str, str]:
    """What each question of a file says that it gives."""
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.unparse(node.returns) for node in functions if node.returns and not node.name.startswith("_")}


def asked_in(path: Path) -> set[str]:
    """What a file asks: functions that it imports from a question's file, and those it reads off such a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found, modules = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "portopt.questions":
            modules |= {name.asname or name.name: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("portopt.questions."):
            found |= {f"{str(node.module).rpartition('.')[2]}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add(f"{modules[node.value.id]}.{node.attr}")
    return found


def asked_at(notebook: bool) -> set[str]:
    doors = sorted((SOURCE / "doors").rglob("*.py"))
    of_the_door = [path for path in doors if any("notebook" in part for part in path.relative_to(SOURCE).parts) is notebook]
    return set().union(*map(asked_in, of_the_door))


def test_there_are_the_questions_that_there_are() -> None:
    files = {name.partition(".")[0] for name in questions()}
    assert files >= {"rebalance", "weights", "frontier", "compromises", "periods", "sensitivity", "risk", "views", "factors"}
    assert files >= {"forecasts", "policies", "health"}
    assert {path.stem for path in (SOURCE / "questions").glob("[!_]*.py")} == files | NO_QUESTIONS.keys()


def test_a_question_gives_a_value_and_no_data_in_anybodys_shape() -> None:
    files = [path for path in (SOURCE / "questions").glob("[!_]*.py") if path.stem not in NO_QUESTIONS]
    given = {f"{path.stem}.{name}": what for path in files for name, what in gives(path).items()}
    assert given.keys() == questions()
    assert {name: what for name, what in given.items() if "dict" in what or "Mapping" in what or "Any" in what} == {}


def test_every_question_is_asked_at_the_command_line_or_says_why_not() -> None:
    assert questions() - asked_at(notebook=False) == NOT_AT_THE_COMMAND_LINE.keys()


def test_every_question_is_asked_in_a_notebook_or_says_why_not() -> None:
    assert questions() - asked_at(notebook=True) == NOT_IN_A_NOTEBOOK.keys()


def test_every_question_is_asked_over_the_wire_or_says_why_not() -> None:
    files = {name.partition(".")[0] for name in questions()}
    named = {operation.question for operation in OPERATIONS.values() if operation.question is not None}
    assert files - named == NOT_OVER_THE_WIRE.keys()
    assert named <= files


def test_an_operation_asks_the_question_that_it_says_it_asks() -> None:
    for operation in OPERATIONS.values():
        if operation.question is not None:
            found = asked_in(answers(operation)) | asked_later(operation.question)
            assert any(name.partition(".")[0] == operation.question for name in found), operation.name


def asked_later(question: str) -> set[str]:
    """What is asked by whoever carries out a question in pieces."""
    path = SOURCE / "questions" / "through_time" / "pieces" / f"{question}.py"
    return asked_in(path) if path.is_file() else set()


def answers(operation: Operation) -> Path:
    return SOURCE / "doors" / "wire" / "answers" / f"{operation.answer.partition(':')[0]}.py"


def test_a_file_that_asks_is_seen_to_ask_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    file = tmp_path / "door.py"
    file.write_text("from portopt.questions import policies as p\nfrom portopt.questions.risk import risk as r\np.policy(1)\n")
    assert asked_in(file) == {"policies.policy", "risk.risk"}
    file.write_text("from portopt.runs import lifecycle\nlifecycle.policy(1)\n")
    assert asked_in(file) == set()
