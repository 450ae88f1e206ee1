"""What a file system's refusal means: somebody's mistake, or a disk that is full and may have room again."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from portopt.domain.errors import OutsideError, PortoptError, RequestError

NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
ROOM = "make room there, then ask the same again: what was done is found again"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def storage_error(what: str, path: Path | str, error: OSError, *, field: str, fix: str | None = None) -> PortoptError:
    """The error of ours for a file or folder that could not be read or written.

    what: the sentence up to its reason ("the event log /x cannot be written"). fix: what to do where it is not allowed; by
    default another home.
    """
    reason = error.strerror or str(error) or type(error).__name__
    detail = f"{what}: {reason}"
    about: dict[str, Any] = {"field": field, "value": str(path)}
    if error.errno in NOT_ALLOWED:
        return RequestError(detail, fixes=[fix or "set PORTOPT_HOME to a folder you may write to"], **about)
    if error.errno in FULL:
        return OutsideError(detail, fixes=[ROOM], **about)
    return OutsideError(detail, **about)
