"""Long text kept short: deflated and written in base64, for a page that opens it and for columns that hold it.

Source: RFC 1950 (zlib), which a browser's DecompressionStream calls "deflate"; RFC 4648 (base64).
"""

from __future__ import annotations

import base64
import zlib

LEVEL = 9  # a third of a second for ten thousand assets
FAST = 1  # a fifth of the time of the highest, and a sixth more letters


def folded(text: str, level: int = LEVEL) -> str:
    """The text, deflated, in base64. The same text at the same level gives the same letters.

    >>> unfolded(folded("Bought to the cap. " * 100)) == "Bought to the cap. " * 100
    True
    """
    return base64.b64encode(zlib.compress(text.encode(), level)).decode("ascii")


def unfolded(letters: str) -> str:
    """The text that was folded. Raises ValueError for letters that are no folded text."""
    try:
        return zlib.decompress(base64.b64decode(letters, validate=True)).decode()
    except zlib.error as error:
        raise ValueError(f"this is no folded text: {error}") from None
