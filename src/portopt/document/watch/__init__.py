"""What is watched as one document: `portopt watch --json` prints it, the page shows it."""

from portopt.document.watch.document import watch_document
from portopt.document.watch.seen import Seen

__all__ = ["Seen", "watch_document"]
