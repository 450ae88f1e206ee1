"""A receiver of alerts: it checks who sent them, and acts on each of them once.

    PORTOPT_ALERT_WEBHOOK_SECRET=… python alert_receiver.py 8099 seen.jsonl

Needs nothing but Python. `seen.jsonl` holds what was taken, a line a notice; whoever acts on it reads there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

OLDEST_SECONDS = 300  # a request that was sent longer ago is somebody's recording of it
MOST_BYTES = 10_000_000


def is_genuine(secret: str, header: str, body: bytes, now: float) -> bool:
    """Whether `Portopt-Signature` is that of one who has the secret, over these bytes, of now."""
    told = dict(part.partition("=")[::2] for part in header.split(","))
    second = told.get("t", "")
    if not second.isdigit() or abs(now - int(second)) > OLDEST_SECONDS:
        return False
    due = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(due, told.get("v1", ""))


class Seen:
    """Notices that were taken, on disk before the sender hears of it: after a crash a repeat is still a repeat."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, Lock()
        *whole, cut = path.read_bytes().split(b"\n") if path.exists() else [b""]
        self._ids = {json.loads(line)["notice_id"] for line in whole}
        if cut:  # by a crash: nobody heard that it was taken, and it comes again
            os.truncate(path, path.stat().st_size - len(cut))

    def take(self, notice: dict) -> bool:
        """False for one that was there."""
        with self._lock:
            if notice["notice_id"] in self._ids:
                return False
            with self.path.open("a") as file:
                file.write(json.dumps(notice) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._ids.add(notice["notice_id"])
            return True


def serve(port: int, secret: str, seen: Seen) -> ThreadingHTTPServer:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(min(length, MOST_BYTES))
            if not is_genuine(secret, self.headers.get("Portopt-Signature", ""), body, time.time()):
                self.send_error(401)
                return
            notice = json.loads(body)
            if seen.take(notice):
                print(notice["text"], flush=True)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing beside the notices."""

    return ThreadingHTTPServer(("127.0.0.1", port), Receiver)


if __name__ == "__main__":
    serve(int(sys.argv[1]), os.environ["PORTOPT_ALERT_WEBHOOK_SECRET"], Seen(Path(sys.argv[2]))).serve_forever()
