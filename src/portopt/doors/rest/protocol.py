"""HTTP as uvicorn reads it, with what cannot be read refused in the one shape that every refusal has."""

from __future__ import annotations

import uuid

import h11

from portopt.domain.errors import PortoptError, TooMany
from portopt.doors.rest.patience import Patient
from portopt.doors.wire.call import PROBLEM, Call
from portopt.doors.wire.errors import HeadersTooLarge
from portopt.doors.wire.problems import reply_of

CROWDED = 5.0  # seconds, after which so many connections may be fewer


class Protocol(Patient):
    """For `uvicorn.Config(http=Protocol)`."""

    def send_400_response(self, msg: str) -> None:
        """msg: uvicorn's own words, which the log has."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        error = HeadersTooLarge(
            "the head of the request is no HTTP/1.1, or longer than is read here",
            field="headers",
            fixes=["send fewer and shorter headers, and long values in the body"],
        )
        self._say(error)
        self.transport.close()

    def turn_away(self) -> None:
        self._say(TooMany(CROWDED, int(CROWDED)))
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _say(self, error: PortoptError) -> None:
        reply = reply_of(error, call := Call("", request_id=f"req-{uuid.uuid4().hex}"))
        headers = [
            ("content-type", PROBLEM),
            ("content-length", str(len(reply.body))),
            ("x-request-id", call.request_id),
            ("connection", "close"),
            *((name.lower(), value) for name, value in reply.headers.items()),
        ]
        for event in (h11.Response(status_code=reply.status, headers=headers), h11.Data(data=reply.body), h11.EndOfMessage()):
            if (sent := self.conn.send(event)) is not None:
                self.transport.write(sent)
