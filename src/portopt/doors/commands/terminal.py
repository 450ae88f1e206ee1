"""A console that only this product speaks to: what others wrote is shown, never obeyed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from portopt.domain.text import visible


class Terminal(Console):
    """Rich's console, in which every text is spelled out where a terminal would act on it.

    The product's own colours are added afterwards, from the styles; nothing that is printed can bring any.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))
