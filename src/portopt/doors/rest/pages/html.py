"""The one frame of every page, and text that is no markup."""

from __future__ import annotations

import html
from importlib import resources
from typing import Any

STYLE = resources.files("portopt.doors.rest.pages").joinpath("style.css").read_text("utf-8")
HEAD = "<meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"


def page(title: str, body: str) -> bytes:
    """body: markup. title: text."""
    return (
        f"<!doctype html><html lang=en><head>{HEAD}"
        f"<title>{text(title)} · portopt</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    ).encode()


def text(value: Any) -> str:
    return html.escape(str(value), quote=True)
