"""Options that several commands take, written once as the fields of a dataclass: a command takes them as one value.

@with_options(HistoryOptions)
def backtest(asked: HistoryOptions, policy: PolicyName = "min_risk", …) -> Shown: ...

A field that is such a dataclass itself stands for its fields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias, get_type_hints

from portopt.doors.commands.surface import Shown

Command: TypeAlias = Callable[..., Shown]


def with_options(kind: Any, name: str = "asked", *, before: int = 1) -> Callable[[Command], Command]:
    """A command that takes `name` as one that takes the fields of this dataclass: Typer reads them off the signature.

    before: how many of the fields stand before the command's own options in the help; the others stand after them.
    """
    shared = list(_parameters(kind))

    def wrapped(command: Command) -> Command:
        def asking(**given: Any) -> Shown:
            said = {p.name: given.pop(p.name) for p in shared if p.name in given}
            return command(**{name: _made(kind, said)}, **given)

        together = [*shared[:before], *_own(command, name), *shared[before:]]
        asking.__name__, asking.__qualname__, asking.__doc__ = command.__name__, command.__qualname__, command.__doc__
        asking.__module__ = command.__module__
        asking.__annotations__ = {p.name: p.annotation for p in together}
        # What inspect.signature looks for first.
        asking.__signature__ = inspect.Signature(together)  # type: ignore[attr-defined]
        return asking

    return wrapped


def _parameters(kind: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for f in fields(kind):
        if is_dataclass(hints[f.name]):
            yield from _parameters(hints[f.name])
        else:
            yield inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])


def _made(kind: Any, said: Mapping[str, Any]) -> Any:
    """The dataclass, and those inside it, of what was said by name."""
    hints = get_type_hints(kind)
    inner = {f.name: _made(hints[f.name], said) for f in fields(kind) if is_dataclass(hints[f.name])}
    return kind(**{f.name: said[f.name] for f in fields(kind) if f.name in said}, **inner)


def _own(command: Command, name: str) -> list[inspect.Parameter]:
    """The command's own options."""
    hints = get_type_hints(command, include_extras=True)
    parameters = inspect.signature(command).parameters.values()
    return [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters if p.name != name]
