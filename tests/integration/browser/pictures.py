"""Screens as somebody looked at them and found them good, kept coarse: what moves, vanishes or loses its style is seen.

Letters and figures are below what a picture of this size shows, so that another day and another font are no difference.
PORTOPT_TEST_PICTURES=keep writes them anew: look at the screens then, before they are committed.
"""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import numpy as np
from integration.browser.devtools import Page
from PIL import Image

KEPT = Path(__file__).parent / "pictures"
CELLS = 24  # across, on any screen
MEAN, FAR, FAR_CELLS = 5.0, 40.0, 0.03  # of 255: on average, of one cell, and how many may be that far


def seen(page: Page) -> np.ndarray:
    """What stands on the screen now, in grey: (rows, CELLS)."""
    shot = Image.open(io.BytesIO(base64.b64decode(page.call("Page.captureScreenshot")["data"]))).convert("L")
    rows = round(CELLS * shot.height / shot.width)
    return np.asarray(shot.resize((CELLS, rows), Image.Resampling.BOX), dtype=float)


def difference(name: str, now: np.ndarray, *, is_good: bool = True) -> str | None:
    """How a screen differs from the picture that is kept of it; None where it does not. is_good: it may be kept instead."""
    place = KEPT / f"{name}.png"
    if is_good and os.environ.get("PORTOPT_TEST_PICTURES") == "keep":
        KEPT.mkdir(exist_ok=True)
        Image.fromarray(now.round().astype(np.uint8)).save(place)
    if not place.exists():
        return f"no picture of {name} is kept"
    kept = np.asarray(Image.open(place), dtype=float)
    if kept.shape != now.shape:
        return f"{name} was {kept.shape}, and is {now.shape}"
    off = np.abs(kept - now)
    if off.mean() <= MEAN and (off > FAR).mean() <= FAR_CELLS:
        return None
    return f"{name} is off by {off.mean():.1f} on average, in {(off > FAR).mean():.0%} of its cells by more than {FAR:.0f}"
