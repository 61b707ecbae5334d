"""Tables of the SQLite ledger and the numbered migrations that make them.

request          one row per request, clustered by time; dimensions coded as small integers
series           (provider, model, app, environment, team, operation, tier)
party            (user, project)
context          (session, branch, machine, region, source)
card             what rows were priced with; 0 unpriced, 1 reported
seen             (day, 64-bit hash of id) -> ts: finds a request id again within a day of its time
rollup_quarter   totals per UTC quarter-hour and series, kept in the transaction of their rows
rollup_day       totals per UTC day and party, likewise
rollup_day_series, rollup_quarter_all   totals per UTC day and series, and per quarter-hour alone: what a report of
                 weeks would otherwise add up from thousands of quarter-hours
batch, superseded   what each ingest brought, so that it can be undone (unless rows of it were compacted)
prediction       what estimates and diffs foretold, to be held against the rows
alert            what budgets have to tell, to whom, and whether it is told
label, features  how good answers were, and hashed n-grams and figures of the prompts behind them
bookmark         how far each log file has been read
day_costs        costs of single requests by UTC day and app, sorted, as 64-bit little-endian integers
billed           lines of providers' bills and usage reports; money as decimal text; `replaced_by` a later batch
fixed_cost       what is paid beside the requests, by name and first local day; filters and weights as JSON
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from llmcost.core.instants import DAY_US, QUARTER_US
from llmcost.core.usage import BUCKETS, COST_PARTS
from llmcost.ledger.measures import MEASURE_NAMES, ROLLED
from llmcost.ledger.protocol import REPORTED, UNPRICED

#: "llmc": tells our files from other SQLite databases.
APPLICATION_ID = 0x6C6C6D63

SERIES = ROLLED
PARTY = ("user", "project")
CONTEXT = ("session", "branch", "machine", "region", "source")
CODED = {"series": SERIES, "party": PARTY, "context": CONTEXT}

#: Columns of `request` that say what happened, in storage order.
CONTENT = (
    "ts", "id", "series", "party", "context", *BUCKETS,
    "reported", "latency_us", "ttft_us", "cache_hit", "status", "error", "flags", "tags",
    "prompt_id", "prompt_digest", "prefix_digest", "language", "prompt_chars",
)  # fmt: skip
#: Columns that say what it cost and who brought it.
PRICING = ("card", "assumed", "cost", *(f"n_{part}" for part in COST_PARTS))
COLUMNS = (*CONTENT, *PRICING, "batch")

#: Columns of `prediction`, in the order of `protocol.Prediction`.
PREDICTION = (
    "name", "recorded_us", "kind", "path", "model", "filters", "input_tokens", "output_tokens",
    "call_nano", "low_nano", "high_nano", "calls_per_month",
)  # fmt: skip

#: Columns of `alert`, in the order of `alerts.StoredAlert`.
ALERT = ("number", "key", "subject", "channel", "body", "standing", "made_us", "attempts", "due_us", "sent_us", "error")

#: Columns of `bookmark`, in the order of `bookmarks.Bookmark`.
BOOKMARK = ("path", "inode", "size", "mtime_ns", "reader", "offset", "line", "digest", "state")

#: Columns of `billed` that are a `core.billed.Billed`, in its order.
BILLED = (
    "source", "scope", "start", "end_", "provider", "cost", "currency", "usage", "requests", "quantity", "unit",
    "model", "tier", "account", "project", '"user"', "region", "line_item",
)  # fmt: skip

#: Columns of `fixed_cost`, in the order of `costs.FixedCost`.
FIXED_COST = (
    "name", "category", "amount", "per", "start", "end_", "rule", "filters", "shares", '"user"', "tool",
)  # fmt: skip

UNPRICED_CODE, REPORTED_CODE = 0, 1
FLAG_SIDECHAIN, FLAG_PARTIAL, FLAG_UNMETERED = 1, 2, 4
#: What makes a row one that a subscription pays for, word for word as its partial index has it.
COVERED = f"flags & {FLAG_UNMETERED}"

TEXT = {"id", "status", "error", "tags", "prompt_id", "prompt_digest", "prefix_digest", "language"}
NULLABLE = {
    "reported", "latency_us", "ttft_us", "cache_hit", "cost", "error", "tags",
    "prompt_id", "prompt_digest", "prefix_digest", "language", "prompt_chars",
}  # fmt: skip


def _column(name: str) -> str:
    kind = "TEXT" if name in TEXT else "INTEGER"
    return f"{name} {kind}" if name in NULLABLE else f"{name} {kind} NOT NULL"


class Rollup(NamedTuple):
    """Totals per `bucket`, `size` microseconds long, and `code`."""

    table: str
    bucket: str
    size: int
    code: str | None


QUARTERS = Rollup("rollup_quarter", "quarter", QUARTER_US, "series")
DAYS = Rollup("rollup_day", "day", DAY_US, "party")
DAY_SERIES = Rollup("rollup_day_series", "day", DAY_US, "series")
QUARTERS_ALL = Rollup("rollup_quarter_all", "quarter", QUARTER_US, None)
ROLLUPS = (QUARTERS, DAYS, DAY_SERIES, QUARTERS_ALL)


def _rollup(table: str, bucket: str, code: str | None) -> str:
    keys = ", ".join(filter(None, (bucket, code)))
    coded = f" {code} INTEGER NOT NULL," if code else ""
    sums = ", ".join(f"{name} INTEGER NOT NULL" for name in MEASURE_NAMES)
    # An integer sum beyond 64 bits would silently become a float.
    whole = " AND ".join(f"typeof({name}) = 'integer'" for name in MEASURE_NAMES)
    return (
        f"CREATE TABLE {table} ({bucket} INTEGER NOT NULL,{coded} {sums},"
        f" PRIMARY KEY ({keys}), CONSTRAINT whole_totals CHECK ({whole})) WITHOUT ROWID"
    )


def _m001_initial(execute: Callable[[str], object]) -> None:
    execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    for table, names in CODED.items():
        columns = ", ".join(f'"{name}" TEXT NOT NULL' for name in names)
        unique = ", ".join(f'"{name}"' for name in names)
        execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {columns}, UNIQUE ({unique}))")
    execute(
        "CREATE TABLE card (id INTEGER PRIMARY KEY, card_id TEXT NOT NULL, match TEXT NOT NULL, layer TEXT NOT NULL,"
        " body TEXT NOT NULL, UNIQUE (card_id, match, layer))"
    )
    for code, name in ((UNPRICED_CODE, UNPRICED), (REPORTED_CODE, REPORTED)):
        execute(f"INSERT INTO card VALUES ({code}, '{name}', '', '', '')")
    execute(
        "CREATE TABLE batch (id INTEGER PRIMARY KEY, started_us INTEGER NOT NULL, label TEXT NOT NULL,"
        " undone INTEGER NOT NULL DEFAULT 0)"
    )
    body = ", ".join(_column(name) for name in COLUMNS)
    execute(f"CREATE TABLE request ({body}, PRIMARY KEY (ts, id)) WITHOUT ROWID")
    execute(
        "CREATE TABLE seen (day INTEGER NOT NULL, h64 INTEGER NOT NULL, ts INTEGER NOT NULL,"
        " PRIMARY KEY (day, h64, ts)) WITHOUT ROWID"
    )
    execute(
        "CREATE TABLE superseded (key INTEGER PRIMARY KEY, id TEXT NOT NULL, batch INTEGER NOT NULL, row TEXT NOT NULL)"
    )
    execute("CREATE INDEX superseded_id ON superseded (id)")
    execute("CREATE INDEX superseded_batch ON superseded (batch)")
    execute("CREATE TABLE forgotten (digest BLOB PRIMARY KEY) WITHOUT ROWID")
    execute(_rollup("rollup_quarter", "quarter", "series"))
    execute(_rollup("rollup_day", "day", "party"))
    execute("INSERT INTO meta VALUES ('digest_key', randomblob(32))")


def _m002_predictions(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE prediction (number INTEGER PRIMARY KEY, name TEXT NOT NULL, recorded_us INTEGER NOT NULL,"
        " kind TEXT NOT NULL, path TEXT NOT NULL, model TEXT NOT NULL, filters TEXT NOT NULL,"
        " input_tokens INTEGER NOT NULL, output_tokens INTEGER, call_nano INTEGER NOT NULL,"
        " low_nano INTEGER, high_nano INTEGER, calls_per_month INTEGER)"
    )
    execute("CREATE INDEX prediction_name ON prediction (name)")


def _m003_alerts(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE alert (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,"
        " channel TEXT NOT NULL, body TEXT NOT NULL, standing INTEGER NOT NULL, made_us INTEGER NOT NULL,"
        " attempts INTEGER NOT NULL, due_us INTEGER, sent_us INTEGER, error TEXT NOT NULL)"
    )
    execute("CREATE INDEX alert_standing ON alert (subject) WHERE standing")
    execute("CREATE INDEX alert_unsent ON alert (number) WHERE sent_us IS NULL")


def _m004_labels(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE label (key TEXT NOT NULL, model TEXT NOT NULL, quality REAL NOT NULL, made_us INTEGER NOT NULL,"
        " PRIMARY KEY (key, model, quality)) WITHOUT ROWID"
    )
    execute("CREATE TABLE features (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID")


def _m005_bookmarks(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE bookmark (path TEXT PRIMARY KEY, inode INTEGER NOT NULL, size INTEGER NOT NULL,"
        " mtime_ns INTEGER NOT NULL, reader TEXT NOT NULL, offset INTEGER NOT NULL, line INTEGER NOT NULL,"
        " digest BLOB NOT NULL, state TEXT NOT NULL) WITHOUT ROWID"
    )


def _m006_coarser_rollups(execute: Callable[[str], object]) -> None:
    sums = ", ".join(f"sum({name})" for name in MEASURE_NAMES)
    for table, bucket, keys in (
        ("rollup_day_series", "day", f"quarter / {DAY_US // QUARTER_US}, series"),
        ("rollup_quarter_all", "quarter", "quarter"),
    ):
        code = "series" if "series" in keys else None
        execute(_rollup(table, bucket, code))
        execute(f"INSERT INTO {table} SELECT {keys}, {sums} FROM rollup_quarter GROUP BY {keys}")


def _m007_compaction(execute: Callable[[str], object]) -> None:
    execute("ALTER TABLE batch ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0")


def _m008_billed(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE billed (number INTEGER PRIMARY KEY, batch INTEGER NOT NULL, replaced_by INTEGER,"
        " source TEXT NOT NULL, scope TEXT NOT NULL, start INTEGER NOT NULL, end_ INTEGER NOT NULL,"
        " provider TEXT NOT NULL, cost TEXT, currency TEXT NOT NULL, usage TEXT, requests INTEGER, quantity TEXT,"
        " unit TEXT NOT NULL, model TEXT NOT NULL, tier TEXT NOT NULL, account TEXT NOT NULL, project TEXT NOT NULL,"
        ' "user" TEXT NOT NULL, region TEXT NOT NULL, line_item TEXT NOT NULL)'
    )
    execute("CREATE INDEX billed_scope ON billed (scope) WHERE replaced_by IS NULL")
    execute("CREATE INDEX billed_start ON billed (start) WHERE replaced_by IS NULL")


def _m009_day_costs(execute: Callable[[str], object]) -> None:
    execute("CREATE TABLE day_costs (day INTEGER NOT NULL, app TEXT NOT NULL, costs BLOB NOT NULL, UNIQUE (day, app))")
    for event, changed in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        execute(
            f"CREATE TRIGGER day_costs_{event.lower()} AFTER {event} ON rollup_day_series"
            f" BEGIN DELETE FROM day_costs WHERE day = {changed}.day; END"
        )
    # What an undone batch replaced is looked for by what the batch itself brought.
    execute("CREATE INDEX billed_batch ON billed (batch, scope)")
    execute("CREATE INDEX billed_replaced ON billed (replaced_by) WHERE replaced_by IS NOT NULL")
    execute(f"CREATE INDEX request_covered ON request (ts) WHERE {COVERED}")


def _m010_costs(execute: Callable[[str], object]) -> None:
    execute(
        "CREATE TABLE fixed_cost (name TEXT NOT NULL, category TEXT NOT NULL, amount INTEGER NOT NULL,"
        " per TEXT NOT NULL, start TEXT NOT NULL, end_ TEXT, rule TEXT NOT NULL, filters TEXT NOT NULL,"
        ' shares TEXT NOT NULL, "user" TEXT NOT NULL, tool TEXT NOT NULL, PRIMARY KEY (name, start)) WITHOUT ROWID'
    )


#: Position + 1 is the version (PRAGMA user_version) a migration brings the ledger to.
MIGRATIONS: tuple[Callable[[Callable[[str], object]], None], ...] = (
    _m001_initial, _m002_predictions, _m003_alerts, _m004_labels, _m005_bookmarks,
    _m006_coarser_rollups, _m007_compaction, _m008_billed, _m009_day_costs,
    _m010_costs,
)  # fmt: skip
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a ledger at `version` to VERSION, all or nothing. Runs through sqlite-utils, so it is imported rarely."""
    from sqlite_utils import Database

    database = Database(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        current = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in MIGRATIONS[max(version, current) :]:
            step(database.execute)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
