"""What only the way to the service can get wrong: the method, the kind of a body, what is accepted back."""

from __future__ import annotations

from collections.abc import Sequence

from portopt.domain.errors import RequestError


class MethodNotAllowed(RequestError):
    """The address is there, and answers other methods."""

    code = "method_not_allowed"
    title = "This address answers other methods"
    status = 405

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"{path} does not answer {method}; it answers {', '.join(allowed)}",
            field="method",
            value=method,
            measured={"allowed": list(allowed)},
            fixes=[f"use {allowed[0]}"] if allowed else [],
        )
        self.allowed = tuple(allowed)


class NotAcceptable(RequestError):
    """Nothing that this operation gives is accepted by who asks."""

    code = "not_acceptable"
    title = "This does not come in a form that is accepted"
    status = 406

    def __init__(self, accept: str, available: Sequence[str]) -> None:
        super().__init__(
            f"Accept: {accept} takes none of what there is: {', '.join(available)}",
            field="Accept",
            value=accept,
            measured={"available": list(available)},
            fixes=[f"send `Accept: {available[0]}`, or no Accept at all"],
        )


class UnsupportedMedia(RequestError):
    """A body of a kind, or packed in a way, that this operation does not read."""

    code = "unsupported_media_type"
    title = "The body is of a kind that is not read here"
    status = 415

    def __init__(self, header: str, given: str, taken: Sequence[str]) -> None:
        super().__init__(
            f"{header}: {given} is not read here; {', '.join(taken)} is",
            field=header,
            value=given,
            measured={"taken": list(taken)},
            fixes=[f"send `{header}: {taken[0]}`"],
        )


class HeadersTooLarge(RequestError):
    """What stands before the body is longer than is read, or no HTTP at all."""

    code = "headers_not_read"
    title = "The head of this request cannot be read"
    status = 400
