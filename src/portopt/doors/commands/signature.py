"""Options that several commands take, written once as the fields of a dataclass: a command takes them as one value.

@with_options(HistoryOptions)
def backtest(asked: HistoryOptions, policy: PolicyName = "min_risk", …) -> Shown: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeAlias, get_type_hints

from portopt.doors.commands.surface import Shown

Command: TypeAlias = Callable[..., Shown]


def with_options(kind: Any) -> Callable[[Command], Command]:
    """A command that takes `asked` as one that takes the fields of this dataclass: Typer reads them off the signature.

    The first field stands first in the help, then the command's own options, then the other fields.
    """
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hint)
        for f, hint in zip(fields(kind), get_type_hints(kind, include_extras=True).values(), strict=True)
    ]

    def wrapped(command: Command) -> Command:
        def asking(**given: Any) -> Shown:
            said = {p.name: given.pop(p.name) for p in shared if p.name in given}
            return command(kind(**said), **given)

        together = [*shared[:1], *_own(command), *shared[1:]]
        asking.__name__, asking.__qualname__, asking.__doc__ = command.__name__, command.__qualname__, command.__doc__
        asking.__module__ = command.__module__
        asking.__annotations__ = {p.name: p.annotation for p in together}
        # What inspect.signature looks for first.
        asking.__signature__ = inspect.Signature(together)  # type: ignore[attr-defined]
        return asking

    return wrapped


def _own(command: Command) -> list[inspect.Parameter]:
    """The command's own options."""
    hints = get_type_hints(command, include_extras=True)
    parameters = inspect.signature(command).parameters.values()
    return [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters if p.name != "asked"]
