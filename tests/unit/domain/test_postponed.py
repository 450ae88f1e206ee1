"""What is imported at its first use: whole when it is touched, and untouched until then."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portopt.domain.postponed import at_first_use, postpone


def told_by(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_postponed_module_runs_when_it_is_touched_and_not_before():
    code = (
        "import sys, xml.dom\n"
        "from portopt.domain.postponed import postpone\n"
        "postpone('xml.dom.minidom')\n"
        "from xml.dom import *\n"
        "passed_on = xml.dom.minidom\n"
        "before = 'xml.dom.xmlbuilder' in sys.modules\n"
        "text = xml.dom.minidom.parseString('<a/>').documentElement.tagName\n"
        "print(before, text, 'xml.dom.xmlbuilder' in sys.modules)"
    )
    assert told_by(code) == "False a True"


def test_what_numpy_keeps_for_others_is_there_for_whoever_asks():
    code = (
        "import sys, portopt.domain.arrays, scipy.sparse, numpy as np\n"
        "before = {'numpy.f2py.crackfortran', 'numpy.testing._private.utils'} & set(sys.modules)\n"
        "np.testing.assert_allclose(1.0, 1.0)\n"
        "from numpy.f2py import crackfortran\n"
        "print(before, crackfortran.__name__)"
    )
    assert told_by(code) == "set() numpy.f2py.crackfortran"


def test_a_module_that_is_there_already_or_nowhere_is_left_alone():
    there = sys.modules["subprocess"]
    postpone("subprocess")
    assert sys.modules["subprocess"] is there
    postpone("json.nothing_of_this_name")
    assert "json.nothing_of_this_name" not in sys.modules


def test_a_package_shows_the_names_it_has_and_says_which_it_has_not():
    shown = at_first_use("json", {"Other": "decimal", "Decimal": "decimal"})
    assert shown("Decimal").__name__ == "Decimal"
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'Decimel'"):
        shown("Decimel")
