"""The statements of a hold: all in one for PostgreSQL, step by step for SQLite."""
# ruff: noqa: S608 (what is put together are constants of this module; values are parameters)

from __future__ import annotations

from sqlalchemy import make_url, text

from store.booking.rows import COLUMNS
from store.schema import AUDIT

__all__ = [
    "HOLD", "HOLD_NOTED", "KEEP", "KEEP_ANSWER", "KEEP_DECISION", "KNOWN", "LOOK", "REASON", "ROOMS", "TAKE",
    "TAKE_CREDIT", "TELL",
]  # fmt: skip

REASON = "@reason"
"""Where the text of a refusal takes its reason."""

_OWN = tuple(name for name in COLUMNS if name not in ("supplier_tenant", "on_credit"))
_ROOM = "supplier_id = :supplier_id AND good = :good AND bucket = :bucket"
_LINE = "buyer_id = :buyer_id AND supplier_id = :supplier_id"
_INSERTED = ", ".join((*_OWN, "supplier_tenant", "on_credit"))
_SELECTED = ", ".join(f":{name}" for name in _OWN)
_DECISION = ":decision_id, :tenant, :order_id, :decision_inputs, :decision_outcome, :now_ms"
_EVENT = ":tenant, :topic, :id, :event, :now_ms"

_HOLD = f"""
WITH known AS MATERIALIZED (
  SELECT request_hash, status, answer FROM idempotency WHERE tenant = :writer AND key = :key
), line AS MATERIALIZED (
  SELECT used_fen + :amount_fen > limit_fen AS short FROM credits WHERE {_LINE}
), room AS (
  UPDATE capacities SET reserved = reserved + :pieces, updated_at_ms = :now_ms
  WHERE {_ROOM} AND reserved + :pieces <= offered
    AND NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM line WHERE short)
  RETURNING tenant
), credit AS (
  UPDATE credits SET used_fen = used_fen + :amount_fen, updated_at_ms = :now_ms
  WHERE {_LINE} AND used_fen + :amount_fen <= limit_fen AND EXISTS (SELECT FROM room)
  RETURNING 1
), held AS (
  -- A line that others have used up meanwhile updates no row: -1 breaks a CHECK, and it starts again.
  INSERT INTO reservations ({_INSERTED})
  SELECT {_SELECTED}, room.tenant,
    CASE WHEN NOT EXISTS (SELECT FROM line) THEN 0 WHEN EXISTS (SELECT FROM credit) THEN 1 ELSE -1 END FROM room
  RETURNING id
), why AS MATERIALIZED (
  SELECT CASE WHEN EXISTS (SELECT FROM room) THEN 'held'
    WHEN NOT EXISTS (SELECT FROM capacities WHERE {_ROOM}) THEN 'not_offered'
    WHEN EXISTS (SELECT FROM line WHERE short) THEN 'no_credit' ELSE 'full' END AS code
  WHERE NOT EXISTS (SELECT FROM known)
), decided AS (
  INSERT INTO decisions (id, tenant, order_id, inputs, outcome, created_at_ms)
  SELECT {_DECISION} FROM held WHERE CAST(:decision_id AS text) IS NOT NULL
), told AS (
  INSERT INTO outbox (tenant, topic, subject, payload, created_at_ms)
  SELECT {_EVENT} FROM held
), kept AS (
  INSERT INTO idempotency (tenant, key, request_hash, status, answer, created_at_ms)
  SELECT :writer, :key, :request_hash, CASE code WHEN 'held' THEN 201 ELSE 200 END,
    CASE code WHEN 'held' THEN :held ELSE replace(:refused, '{REASON}', code) END, :now_ms
  FROM why WHERE code = 'held' OR :keep_refusal = 1
  RETURNING status, answer, request_hash
)"""
_TOLD = """
SELECT 'known' AS code, status, answer, request_hash FROM known
UNION ALL SELECT (SELECT code FROM why), status, answer, request_hash FROM kept
"""
_LINE_OF = tuple(column.name for column in AUDIT.columns if column.name not in ("position", "status"))
_NOTED = f""", noted AS (
  INSERT INTO audit ({", ".join(_LINE_OF)}, status)
  SELECT {", ".join(f":audit_{name}" for name in _LINE_OF)}, status FROM kept
)"""
_ROOMS = """
SELECT wanted.supplier_id, wanted.good, wanted.bucket, offered - reserved, limit_fen - used_fen
FROM (SELECT {columns} FROM {places}) AS wanted
LEFT JOIN capacities ON capacities.supplier_id = wanted.supplier_id AND capacities.good = wanted.good
  AND capacities.bucket = wanted.bucket
LEFT JOIN credits ON credits.buyer_id = :buyer_id AND credits.supplier_id = wanted.supplier_id"""
_KEYS = ("supplier_id", "good", "bucket")
_ROOMS_SQLITE = _ROOMS.format(
    columns=", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(_KEYS)),
    places="json_each(:places)",
)
_ROOMS_POSTGRES = _ROOMS.format(
    columns=", ".join(f"value ->> {at} AS {name}" for at, name in enumerate(_KEYS)),
    places="jsonb_array_elements(CAST(:places AS jsonb))",
)
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
HOLD, HOLD_NOTED = (str(text(words).compile(dialect=_DIALECT)) for words in (_HOLD + _TOLD, _HOLD + _NOTED + _TOLD))
"""The one statement of a hold, in the words of PostgreSQL's driver; the same with its request's line in the audit."""

ROOMS = {True: _ROOMS_SQLITE, False: str(text(_ROOMS_POSTGRES).compile(dialect=_DIALECT))}
"""What is left of capacities, and of a buyer's credit with their suppliers, for an embedded database and PostgreSQL."""

KNOWN = "SELECT status, answer, request_hash FROM idempotency WHERE tenant = :writer AND key = :key"
LOOK = f"""SELECT reserved + :pieces <= offered, (SELECT used_fen + :amount_fen > limit_fen FROM credits WHERE {_LINE})
FROM capacities WHERE {_ROOM}"""
TAKE = f"UPDATE capacities SET reserved = reserved + :pieces, updated_at_ms = :now_ms WHERE {_ROOM}"
TAKE_CREDIT = f"UPDATE credits SET used_fen = used_fen + :amount_fen, updated_at_ms = :now_ms WHERE {_LINE}"
KEEP = f"INSERT INTO reservations ({_INSERTED}) SELECT {_SELECTED}, tenant, :on_credit FROM capacities WHERE {_ROOM}"
TELL = f"INSERT INTO outbox (tenant, topic, subject, payload, created_at_ms) VALUES ({_EVENT})"
KEEP_DECISION = f"INSERT INTO decisions (id, tenant, order_id, inputs, outcome, created_at_ms) VALUES ({_DECISION})"
KEEP_ANSWER = """INSERT INTO idempotency (tenant, key, request_hash, status, answer, created_at_ms)
VALUES (:writer, :key, :request_hash, :status, :answer, :now_ms)"""
