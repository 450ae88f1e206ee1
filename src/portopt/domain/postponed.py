"""What is imported at its first use: names that a package shows, and modules that others import and nobody here uses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def at_first_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__` (PEP 562). homes: the module that each name comes from, {"audit": "portopt.audit"}.

    Only for names that no module of the package bears: importing the module would put it in the name's place.
    """

    def attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return attribute


def postpone(name: str) -> None:
    """From here on whoever passes on the submodule `name` with its package has not run it; whoever touches it has it whole.

    A module that has been run already, or is not there, is left alone.
    """
    from importlib.util import LazyLoader, find_spec, module_from_spec

    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)  # as importing it would have done
