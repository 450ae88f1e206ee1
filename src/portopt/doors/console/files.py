"""What the screens are made up with: the files that ship under static/, and nothing else, whatever an address says."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from importlib import resources

from fastapi import Request, Response

from portopt.domain.errors import UnknownThing
from portopt.doors.rest.responses import ENDS_HERE, has_it


async def static_file(request: Request) -> Response:
    content, tag, kind = static(str(request.path_params["name"]))
    headers = {**ENDS_HERE, "ETag": tag, "Cache-Control": "public, max-age=3600"}
    if has_it(request.headers.get("if-none-match"), tag):
        return Response(None, 304, headers)
    return Response(content, 200, headers, kind)


@cache
def _files() -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    root = resources.files("portopt.doors.console").joinpath("static")
    for folder, prefix in ((root, ""), (root.joinpath("vendor"), "vendor/")):
        found |= {prefix + file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    return found


def static(name: str) -> tuple[bytes, str, str]:
    """(content, ETag, content type). Raises UnknownThing."""
    content = _files().get(name)
    if content is None:
        raise UnknownThing("file", name[:200], field="path")
    return content, _tag(name), mimetypes.guess_type(name)[0] or "application/octet-stream"


@cache
def _tag(name: str) -> str:
    return f'"{hashlib.sha256(_files()[name]).hexdigest()[:32]}"'
