"""The translation at an adapter's door: whatever is not ours becomes an error of ours that names who said it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from portopt.domain.disk import storage_error
from portopt.domain.errors import DataError, OutsideError, PortoptError

NO_ANSWER = (TimeoutError, ConnectionError, ssl.SSLError)
SHOWN = 200


@contextmanager
def speaking_for(adapter: str, *, field: str) -> Iterator[None]:
    """Errors of ours pass; a connection that failed is an OutsideError, anything else that a library raises a DataError.

    adapter: who is on the other side, as it is read in a sentence. field: the setting or field that names it.
    """
    try:
        yield
    except PortoptError:
        raise
    except NO_ANSWER as error:
        raise OutsideError(f"{adapter} did not answer ({said(error)})", field=field) from error
    except OSError as error:
        raise storage_error(f"{adapter} cannot be read", error.filename or adapter, error, field=field) from error
    except Exception as error:
        raise _unusable(adapter, error, field) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a library in Rust raises past every `except Exception`
            raise
        raise _unusable(adapter, error, field) from error


def said(error: BaseException) -> str:
    """Kind and first line of a foreign error, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:SHOWN]}" if lines else type(error).__name__


def _unusable(adapter: str, error: BaseException, field: str) -> DataError:
    return DataError(
        f"{adapter} gave what cannot be used ({said(error)})",
        field=field,
        measured={"error": type(error).__name__},
        fixes=[f"correct what {adapter} gives, or name another source"],
    )
