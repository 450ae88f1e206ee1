"""An example consumer: every optimized portfolio once, whatever comes twice.

    python docs/examples/consumer.py pulsar://127.0.0.1:6650 persistent://public/default/portfolio-optimized seen.db

The relay delivers at least once, and `portopt relay --replay` sends again on purpose. A repeat bears the id of the first
delivery. What is done with an event, and that it was done, are therefore one transaction here: a consumer that is killed before
the commit gets the message again, one that is killed after it drops the repeat. A message is acknowledged last of all.

In a system of its own the table of weights below would be its books; `handle` is the only part to replace.
"""

from __future__ import annotations

import argparse
import json
import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

import pulsar

SUBSCRIPTION = "portfolio-optimized"  # as PORTOPT_PULSAR_SUBSCRIPTION; `portopt relay --set-up` made it
TABLES = """
CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS weights (portfolio_id TEXT PRIMARY KEY, as_of TEXT, weights TEXT);
"""


def handle(books: sqlite3.Connection, event: Mapping[str, Any]) -> None:
    """What this system does with an optimized portfolio."""
    optimized = event["portfolio_optimized"]
    row = (optimized["portfolio_id"], event["timestamp"], json.dumps(optimized["optimal_weights"]))
    books.execute("INSERT OR REPLACE INTO weights VALUES (?, ?, ?)", row)


def take(books: sqlite3.Connection, message: pulsar.Message) -> bool:
    """Handle a message unless its event was handled before, in one transaction. False for a repeat."""
    with books:
        fresh = books.execute("INSERT OR IGNORE INTO seen VALUES (?)", (message.properties()["id"],)).rowcount == 1
        if fresh:
            handle(books, json.loads(message.data()))
    return fresh


def consume(broker: str, topic: str, database: str, *, idle_seconds: float | None = None) -> dict[str, int]:
    """Until nothing came for idle_seconds, or for ever; how many events were handled, and how many repeats dropped."""
    counted = {"handled": 0, "dropped": 0}
    books = sqlite3.connect(database)
    books.executescript(TABLES)
    client = pulsar.Client(broker, logger=logging.getLogger("pulsar"))
    # Key_Shared: several consumers share the work, and each portfolio's events stay in order.
    consumer = client.subscribe(
        topic,
        SUBSCRIPTION,
        consumer_type=pulsar.ConsumerType.KeyShared,
        initial_position=pulsar.InitialPosition.Earliest,
    )
    try:
        while True:
            message = consumer.receive(None if idle_seconds is None else round(1000 * idle_seconds))
            counted["handled" if take(books, message) else "dropped"] += 1
            consumer.acknowledge(message)
    except pulsar.Timeout:
        return counted
    finally:
        client.close()
        books.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Keep the newest weights of every portfolio, each event once.")
    parser.add_argument("broker")
    parser.add_argument("topic")
    parser.add_argument("database")
    parser.add_argument("--idle-seconds", type=float, help="end when nothing came for so long")
    given = parser.parse_args()
    print(json.dumps(consume(given.broker, given.topic, given.database, idle_seconds=given.idle_seconds)), flush=True)
