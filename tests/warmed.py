"""What the children of `warm.py` have read before they are forked: what flows of ours read, and what their steps read later.

Imports only: a thread or a pool that was started here would not be in the children. Whatever starts one when it is read (gRPC)
is left to the child that needs it.
"""

from __future__ import annotations

import gc
from importlib import import_module

LIBRARIES = (
    *(
        "alembic.command",
        "alembic.config",
        "anyio._backends._asyncio",
        "clarabel",
        "encodings.idna",
        "fastapi",
        "graphviz",
        "highspy",
    ),
    *("polars", "polars._utils.parquet", "prefect.engine", "prefect.flow_engine", "prefect.task_engine", "scipy.sparse.linalg"),
    *("scipy.special", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "sqlite3"),
)
FLOWS = ("flows.rebalance", "flows.walk_forward")
# Of the product, what a step of a rebalance loads when it comes to it.
STEPS = (
    *("adapters.events.local_log", "adapters.events.relay", "adapters.providers.holdings_files", "adapters.providers.sample"),
    *("adapters.store.choices", "adapters.store.migrate", "adapters.store.packs", "adapters.store.sql", "audit.audit"),
    *("diagnosis.diagnose", "document.document", "estimation.moments", "judgement.bootstrap", "market.differences"),
    *("market.snapshot", "optimization.engine", "optimization.frontier.frontier", "optimization.ladder"),
    *("optimization.prices.shadow_prices", "reports.page", "runs.events", "tables.prices", "terms.objectives.max_sharpe"),
    *("terms.risk_measures.catalog", "trading.plan", "trading.whole", "verifier.verify"),
)

for name in (*LIBRARIES, *FLOWS, *(f"portopt.{step}" for step in STEPS)):
    import_module(name)
gc.collect()
gc.freeze()  # what is here stays as it is, and no child looks through it again
