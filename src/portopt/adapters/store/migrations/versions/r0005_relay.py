"""What a relay needs: the shard of every event, who holds a shard, the number sent last, a name for this installation."""

from __future__ import annotations

import uuid
import zlib

import sqlalchemy as sa
from alembic import op

from portopt.adapters.store.types import UtcDateTime

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

SHARDS = 8  # as outbox.shard_of has it
WAITS = sa.text("delivered_at IS NULL")


def upgrade() -> None:
    rename("leased_until", "not_before")
    op.add_column("outbox", sa.Column("shard", sa.Integer, nullable=False, server_default=sa.text("0")), schema=schema())
    divide()
    order = ["shard", "sequence"]
    op.create_index("outbox_next_idx", "outbox", order, schema=schema(), postgresql_where=WAITS, sqlite_where=WAITS)
    op.create_index("outbox_occurred_idx", "outbox", ["occurred_at"], schema=schema())
    shards = op.create_table(
        "outbox_shards", sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sent", sa.BigInteger, nullable=False, server_default=sa.text("0")), sa.Column("sending", sa.String(64)),
        sa.Column("holder", sa.String(200)), sa.Column("held_since", UtcDateTime()),
        schema=schema(),
    )  # fmt: skip
    op.bulk_insert(shards, [{"shard": shard} for shard in range(SHARDS)])
    facts = sa.table("store_facts", sa.column("name"), sa.column("value"), schema=schema())
    op.bulk_insert(facts, [{"name": "installation", "value": uuid.uuid4().hex[:12]}])


def downgrade() -> None:
    facts = sa.table("store_facts", sa.column("name"), schema=schema())
    op.execute(facts.delete().where(facts.c.name == "installation"))
    op.drop_table("outbox_shards", schema=schema())
    op.drop_index("outbox_occurred_idx", "outbox", schema=schema())
    op.drop_index("outbox_next_idx", "outbox", schema=schema())
    op.drop_column("outbox", "shard", schema=schema())
    rename("not_before", "leased_until")


def divide() -> None:
    """Every event there is into its key's shard."""
    outbox = sa.table("outbox", sa.column("key"), sa.column("shard"), schema=schema())
    for key in op.get_bind().execute(sa.select(outbox.c.key).distinct()).scalars().all():
        op.execute(outbox.update().where(outbox.c.key == key).values(shard=zlib.crc32(key.encode()) % SHARDS))


def rename(old: str, new: str) -> None:
    op.execute(f"ALTER TABLE {prefix()}outbox RENAME COLUMN {old} TO {new}")


def prefix() -> str:
    return f"{schema()}." if schema() else ""


def schema() -> str | None:
    return "command" if op.get_bind().dialect.name == "postgresql" else None
