"""Whatever a library prints, by whatever way: stdout is one document under --json, and a terminal shows our words alone."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from portopt.domain.streams import OUT, unheard
from portopt.doors.commands.surface import print_json

NOISY = """
import ctypes, logging, os, sys, warnings
from portopt.doors import cli
from portopt.doors.commands.surface import Shown, words
from portopt.domain.errors import RequestError

def noisy(arguments):
    ctypes.CDLL(None).printf(b"a banner that C keeps in its buffer\\n")
    os.write(1, b"written to the descriptor\\n")
    os.write(2, b"a native warning\\n")
    print("printed by Python")
    warnings.warn("a warning of a library", RuntimeWarning)
    print("a log line of ours", file=sys.stderr)
    {then}
    return Shown({{"answer": 42}}, words("forty-two"))

cli._answer = noisy
import atexit
atexit.register(lambda: (ctypes.CDLL(None).printf(b"last words\\n"), os.write(1, b"and more\\n")))
cli.main({arguments})
"""


def spoken(arguments: list[str], then: str = "pass", **environment: str) -> subprocess.CompletedProcess[str]:
    code = NOISY.format(arguments=arguments, then=then)
    env = {k: v for k, v in os.environ.items() if k != "PORTOPT_DEBUG"} | environment
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False, timeout=60)


def test_under_json_stdout_is_the_document_whatever_is_printed() -> None:
    done = spoken(["runs", "--json"])
    assert json.loads(done.stdout) == {"answer": 42}
    assert done.returncode == 0
    assert "native" not in done.stderr
    assert "RuntimeWarning" not in done.stderr
    assert "a log line of ours" in done.stderr


def test_a_terminal_shows_our_words_and_what_python_prints_on_purpose() -> None:
    done = spoken(["runs"])
    assert done.stdout == "printed by Python\nforty-two\n"
    assert done.stderr == "a log line of ours\n"


def test_a_refusal_is_the_one_document_as_well() -> None:
    done = spoken(["runs", "--json"], then='raise RequestError("no such thing")')
    assert json.loads(done.stdout)["detail"] == "no such thing"
    assert done.returncode == 2


def test_who_debugs_hears_everything_and_json_is_still_for_stdout() -> None:
    done = spoken(["runs"], PORTOPT_DEBUG="1")
    assert "a native warning" in done.stderr
    assert "a warning of a library" in done.stderr


def test_an_interrupt_ends_the_command_with_its_code_and_nothing_on_stdout() -> None:
    code = NOISY.format(arguments=["runs", "--json"], then="import time; time.sleep(60)")
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    assert "a log line of ours\n" in (child.stderr.readline(), child.stderr.readline())
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)
    assert out == ""
    assert child.returncode == 130


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_descriptors_lead_where_they_led_before_however_the_block_is_left(error: type[BaseException], capfd) -> None:
    def print_and_raise() -> None:
        with unheard(OUT):
            os.write(1, b"lost\n")
            raise error

    with pytest.raises(error):
        print_and_raise()
    os.write(1, b"kept\n")
    assert capfd.readouterr().out == "kept\n"


def test_an_output_that_takes_text_alone_has_the_same_document():
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        print_json({"name": "a\u200bé"})
    assert caught.getvalue() == '{\n  "name": "a\\u200bé"\n}\n'
