"""A question as it is posed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portopt.domain.request import AnyRequest

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A request and the installation that reads its prices. None: it brings its own beliefs, and is kept in the usual place."""

    request: AnyRequest
    runtime: Runtime | None = None
