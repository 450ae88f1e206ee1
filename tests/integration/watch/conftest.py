"""What the tests of the watch share: receivers, and the stores' fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.watch.receiving import Receiver


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    found = Receiver(tmp_path)
    yield found
    found.stop()
