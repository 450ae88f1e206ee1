"""What reading a table has to say: what was ignored or changed, and everything that was wrong, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from portopt.domain.errors import DataError, PortoptError
from portopt.domain.text import visible

LISTED = 10
LONGEST, LONGEST_NOTE = 60, 1000


@dataclass(slots=True)
class Account:
    """Of one table. where: the file, frame or service, for messages.

    notes: sentences that travel into the answer. problems: what refuses the table; fixes: what would mend them.
    """

    where: str
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    alone: PortoptError | None = None

    def note(self, sentence: str) -> None:
        said = visible(f"{self.where}: {sentence}", kept="")
        said = said if len(said) <= LONGEST_NOTE else said[: LONGEST_NOTE - 1] + "…"
        if said not in self.notes:
            self.notes.append(said)

    def wrong(self, problem: str, fix: str | None = None, *, error: PortoptError | None = None) -> None:
        """error: what to raise instead where this is the only problem."""
        if problem in self.problems:
            return
        self.alone = error if not self.problems else None
        self.problems.append(problem)
        if fix is not None and fix not in self.fixes:
            self.fixes.append(fix)

    def finish(self, field: str) -> None:
        """Raises DataError naming everything that was wrong."""
        if self.alone is not None:
            raise self.alone
        if self.problems:
            more = [f"and {len(self.problems) - LISTED} more"] if len(self.problems) > LISTED else []
            raise DataError(
                f"{self.where}: {'; '.join([*self.problems[:LISTED], *more])}",
                field=field,
                measured={"problems": list(self.problems[:1000]), "count": len(self.problems)},
                fixes=self.fixes[:LISTED] or [f"correct the rows named in {self.where}"],
            )


def shown(text: object) -> str:
    """A cell as it is quoted in a sentence, cut where it would fill the screen."""
    said = repr(text) if isinstance(text, str) else str(text)
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def in_words(names: Sequence[object], most: int = LISTED) -> str:
    """A, B and C; and how many more where there are many."""
    said = [str(name) for name in names[:most]]
    if len(names) > most:
        said.append(f"{len(names) - most} more")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else "none"


def counted(n: int, one: str, many: str | None = None) -> str:
    return f"1 {one}" if n == 1 else f"{n:,} {many or one + 's'}"
