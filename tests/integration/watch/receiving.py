"""The receiver of docs/examples as a server of the tests' own, and what it was sent."""

from __future__ import annotations

import importlib.util
import json
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

from support import REPOSITORY

SECRET = "between us"


def example() -> ModuleType:
    path = REPOSITORY / "docs" / "examples" / "alert_receiver.py"
    spec = importlib.util.spec_from_file_location("alert_receiver", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Receiver:
    """On loopback, with a file of what it took; it can be stopped, and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.path, self.port = folder / "seen.jsonl", 0
        self.server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """The address."""
        module = example()
        self.server = module.serve(self.port, SECRET, module.Seen(self.path))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{self.port}/alerts"

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []
