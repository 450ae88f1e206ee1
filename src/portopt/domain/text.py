"""What is shown of a text that somebody else wrote: nothing in it moves a cursor, hides a letter or turns the line round."""

from __future__ import annotations

import unicodedata

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (zero width, direction), half a character, line and paragraph
KEPT = "\n\t"


def visible(text: str, kept: str = KEPT) -> str:
    r"""`text` with everything that a terminal would act on, or a reader not see, spelled out.

    >>> visible("A\x1b[2J\u200bB")
    'A\\x1b[2J\\u200bB'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in kept or unicodedata.category(c) not in HIDDEN else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
