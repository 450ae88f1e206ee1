"""The picture of the desk, taken anew: the sample desk, served on this machine, as Chromium shows it.

PYTHONPATH=src:tests python docs/plots/desk.py
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from integration.browser.devtools import chromium

from portopt.doors import sample_desk
from portopt.doors.rest.app import application
from portopt.runtime import open_runtime
from portopt.settings import Settings

PICTURE = Path(__file__).with_name("desk.png")
WIDTH, HEIGHT = 1280, 640


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(Settings(home=Path(folder) / "home", access="open"))
        sample_desk.make(runtime)
        server = uvicorn.Server(uvicorn.Config(application(runtime), port=0, log_level="warning"))
        serving = threading.Thread(target=server.run, daemon=True)
        serving.start()
        while not server.started:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        profile = Path(folder) / "profile"
        profile.mkdir()
        with chromium(profile) as browser, browser.page(WIDTH) as page:
            page.resize(WIDTH, HEIGHT)
            page.open(f"http://127.0.0.1:{port}/console")
            page.picture(PICTURE)
        server.should_exit = True
        serving.join()


if __name__ == "__main__":
    main()
