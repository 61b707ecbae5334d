"""The SQLite ledger's SQL, built from our own column lists only: no text from outside ever becomes SQL."""

from __future__ import annotations

from functools import lru_cache

from llmcost.core.errors import UsageError, nearest
from llmcost.core.instants import DAY_US, QUARTER_US
from llmcost.core.usage import COST_PARTS
from llmcost.ledger.measures import AMOUNTS, MEASURE_NAMES, MEASURES
from llmcost.ledger.protocol import Query
from llmcost.ledger.schema import (
    COLUMNS,
    CONTENT,
    CONTEXT,
    COVERED,
    DAY_SERIES,
    DAYS,
    FLAG_PARTIAL,
    NULLABLE,
    PARTY,
    PREDICTION,
    PRICING,
    QUARTERS,
    QUARTERS_ALL,
    REPORTED_CODE,
    ROLLUPS,
    SERIES,
    TEXT,
    UNPRICED_CODE,
    Rollup,
)

_ALL = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))
_SUMS = ", ".join(f"sum({name})" for name in MEASURE_NAMES)
_RAW_SUMS = ", ".join(f"sum({sql})" for sql in MEASURES.values())
_NAMES = ", ".join(MEASURE_NAMES)


def _mark(column: str) -> str:
    """The placeholder of a column whose NULL arrives as "" or -1 (`Block.bound`)."""
    if column not in NULLABLE:
        return "?"
    return "nullif(?, '')" if column in TEXT else "nullif(?, -1)"


CREATE_STAGING = (
    f"CREATE TEMP TABLE IF NOT EXISTS incoming (n INTEGER PRIMARY KEY, day INTEGER, h64 INTEGER, {_ALL})",
    f"CREATE TEMP TABLE IF NOT EXISTS delta (sign INTEGER, {_ALL})",
)
CLEAR_STAGING = ("DELETE FROM temp.incoming", "DELETE FROM temp.delta")
STAGE = f"INSERT INTO temp.incoming (n, day, h64, {_ALL}) VALUES (?, ?, ?, {', '.join(map(_mark, COLUMNS))})"

_KNOWN = (
    "temp.incoming i CROSS JOIN seen s ON s.day IN (i.day - 1, i.day, i.day + 1) AND s.h64 = i.h64"
    " CROSS JOIN request r ON r.ts = s.ts AND r.id = i.id"
)
_SAME = " AND ".join(f"r.{name} IS i.{name}" for name in CONTENT)
#: Rows already stored exactly so.
DROP_DUPLICATES = f"DELETE FROM temp.incoming WHERE n IN (SELECT i.n FROM {_KNOWN} WHERE {_SAME})"
#: What is stored of the remaining ids: place in the batch, then the stored row.
SELECT_KNOWN = f"SELECT i.n, {', '.join(f'r.{name}' for name in COLUMNS)} FROM {_KNOWN}"
SELECT_STAGED = f"SELECT {_ALL} FROM temp.incoming WHERE n = ?"
DROP_STAGED = "DELETE FROM temp.incoming WHERE n = ?"

STAGED_COST = "SELECT coalesce(sum(cost), 0), count(*) - count(cost) FROM temp.incoming"

#: A batch whose losing versions wait behind others must be kept: undoing those brings them back.
DELETE_BARREN = "DELETE FROM batch WHERE id = ? AND NOT EXISTS (SELECT 1 FROM superseded WHERE batch = ?)"
SELECT_LAYERS = "SELECT DISTINCT layer FROM card WHERE layer <> '' ORDER BY layer"

SELECT_ROW = f"SELECT {_ALL} FROM request WHERE ts = ? AND id = ?"
DELETE_ROW = "DELETE FROM request WHERE ts = ? AND id = ?"
DELETE_SEEN = "DELETE FROM seen WHERE day = ? AND h64 = ? AND ts = ?"
DELTA_OUT = f"INSERT INTO temp.delta SELECT -1, {_ALL} FROM request WHERE ts = ? AND id = ?"
DELTA_IN = f"INSERT INTO temp.delta SELECT 1, {_ALL} FROM request WHERE ts = ? AND id = ?"
INSERT_ROWS = f"INSERT INTO request ({_ALL}) SELECT {_ALL} FROM temp.incoming ORDER BY ts, id"
INSERT_SEEN = f"INSERT OR IGNORE INTO seen SELECT ts / {DAY_US}, h64, ts FROM temp.incoming ORDER BY 1, 2"
INSERT_ROW = f"INSERT INTO request ({_ALL}) VALUES ({_MARKS})"
INSERT_SEEN_ROW = "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)"


@lru_cache(64)
def insert_rows(columns: tuple[str, ...]) -> str:
    """Insert rows that are blank in every other column."""
    blank = ["NULL" if name in NULLABLE else "0" for name in COLUMNS if name not in columns]
    others = [name for name in COLUMNS if name not in columns]
    return (
        f"INSERT INTO request ({', '.join([*columns, *others])}) VALUES ({', '.join([*map(_mark, columns), *blank])})"
    )


@lru_cache(64)
def add_totals(rollup: Rollup, measures: tuple[str, ...]) -> str:
    """Add sums of these measures to a roll-up's row."""
    keys = _keys(rollup)
    names = ", ".join([*measures, *(name for name in MEASURE_NAMES if name not in measures)])
    values = ", ".join([*"?" * (len(keys) + len(measures)), *"0" * (len(MEASURE_NAMES) - len(measures))])
    updates = ", ".join(f"{name} = {name} + excluded.{name}" for name in measures)
    return (
        f"INSERT INTO {rollup.table} ({', '.join(keys)}, {names}) VALUES ({values}) ON CONFLICT DO UPDATE SET {updates}"
    )


def _keys(rollup: Rollup) -> list[str]:
    return [rollup.bucket, *([rollup.code] if rollup.code else [])]


#: Which of these hashes (a JSON list) a day holds.
SELECT_SEEN = "SELECT s.h64 FROM json_each(?) j CROSS JOIN seen s ON s.day = ? AND s.h64 = j.value"
DAY_SEEN = "SELECT EXISTS (SELECT 1 FROM seen WHERE day = ?)"


def _raw_keys(rollup: Rollup) -> str:
    """A roll-up's keys, of rows as they are."""
    return ", ".join([f"ts / {rollup.size}", *_keys(rollup)[1:]])


def _apply(rollup: Rollup, source: str, sign: str) -> str:
    sums = ", ".join(f"sum({sign}{sql})" for sql in MEASURES.values())
    updates = ", ".join(f"{name} = {name} + excluded.{name}" for name in MEASURE_NAMES)
    raw = _raw_keys(rollup)
    return (
        f"INSERT INTO {rollup.table} ({', '.join(_keys(rollup))}, {_NAMES}) SELECT {raw}, {sums} FROM {source}"
        f" WHERE true GROUP BY {raw} ON CONFLICT DO UPDATE SET {updates}"
    )


def _drop_empty(rollup: Rollup) -> str:
    changed = f"SELECT DISTINCT ts / {rollup.size} FROM temp.delta"
    return f"DELETE FROM {rollup.table} WHERE requests = 0 AND {rollup.bucket} IN ({changed})"


APPLY_INCOMING = tuple(_apply(rollup, "temp.incoming", "") for rollup in ROLLUPS)
APPLY_DELTA = (
    *(_apply(rollup, "temp.delta", "sign * ") for rollup in ROLLUPS),
    *map(_drop_empty, ROLLUPS),
)
#: Give a party's days to another party: parameters new, old.
MOVE_DAYS = (
    f"INSERT INTO rollup_day SELECT day, ?, {_NAMES} FROM rollup_day WHERE party = ?"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in MEASURE_NAMES)}"
)
UPDATE_PRICE = f"UPDATE request SET {', '.join(f'{name} = ?' for name in PRICING)} WHERE ts = ? AND id = ?"
SELECT_NAMES_USED = "SELECT DISTINCT series, party, context FROM request WHERE ts >= ? AND ts < ? ORDER BY 1, 2, 3"
CREATE_RENAMED = (
    "CREATE TEMP TABLE IF NOT EXISTS renamed (series INTEGER, party INTEGER, context INTEGER, new INTEGER,"
    " PRIMARY KEY (series, party, context)) WITHOUT ROWID"
)
_RENAMED = (
    "FROM request r JOIN temp.renamed n ON n.series = r.series AND n.party = r.party AND n.context = r.context"
    " WHERE r.ts >= ? AND r.ts < ?"
)
RENAMED_OUT = f"INSERT INTO temp.delta SELECT -1, {', '.join(f'r.{name}' for name in COLUMNS)} {_RENAMED}"
RENAMED_IN = (
    f"INSERT INTO temp.delta SELECT 1, {', '.join('n.new' if name == 'series' else f'r.{name}' for name in COLUMNS)}"
    f" {_RENAMED}"
)
RENAME = (
    "UPDATE request SET series = n.new FROM temp.renamed n WHERE n.series = request.series AND n.party = request.party"
    " AND n.context = request.context AND request.ts >= ? AND request.ts < ?"
)
INSERT_HELD = "INSERT INTO superseded (id, batch, row) VALUES (?, ?, ?)"
SELECT_HELD = "SELECT key, row FROM superseded WHERE id = ?"
STANDING = (
    "SELECT 1 FROM seen s CROSS JOIN request r ON r.ts = s.ts WHERE s.day IN (?, ?, ?) AND s.h64 = ? AND r.id = ?"
)
SELECT_USER_ROWS = f'SELECT {_ALL} FROM request WHERE party IN (SELECT id FROM party WHERE "user" = ?)'
SELECT_BATCH_ROWS = f"SELECT {_ALL} FROM request WHERE batch = ?"


SELECT_SINCE = "SELECT value FROM meta WHERE key = 'compacted_us'"
KEEP_SINCE = "INSERT OR REPLACE INTO meta VALUES ('compacted_us', ?)"
SELECT_NEWEST_QUARTER = f"SELECT max(quarter) * {QUARTER_US} FROM rollup_quarter_all WHERE quarter * {QUARTER_US} <= ?"
ROLLED = "SELECT EXISTS (SELECT 1 FROM rollup_quarter_all WHERE quarter >= ? AND quarter < ?)"
#: Roll-ups from before are all that is left of their rows.
_SINCE = f"coalesce(({SELECT_SINCE}), 0)"


def _differences(rollup: Rollup) -> str:
    raw = _raw_keys(rollup)
    summed = f"SELECT {raw}, {_RAW_SUMS} FROM request GROUP BY {raw}"
    kept = (
        f"SELECT {', '.join(_keys(rollup))}, {_NAMES} FROM {rollup.table}"
        f" WHERE {rollup.bucket} >= {_SINCE} / {rollup.size}"
    )
    return (
        f"WITH summed AS MATERIALIZED ({summed}), kept AS ({kept}) SELECT count(*) FROM ("
        "SELECT * FROM (SELECT * FROM summed EXCEPT SELECT * FROM kept)"
        " UNION ALL SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM summed))"
    )


_PARTS = " + ".join(f"n_{part}" for part in COST_PARTS)
_INDEXED = f"SELECT 1 FROM seen s WHERE s.day = r.ts / {DAY_US} AND s.h64 = hash64(r.id) AND s.ts = r.ts"
_COSTS_DIFFER = (
    "WITH kept AS (SELECT day, app, length(costs) / 8 FROM day_costs"
    f" WHERE day >= {_SINCE} / {DAY_US} AND costs <> x''),"
    " rows AS (SELECT r.ts / {day} AS day, s.app, count(*) FROM request r JOIN series s ON s.id = r.series"
    " WHERE r.cost IS NOT NULL AND r.ts / {day} IN (SELECT day FROM kept) GROUP BY 1, 2)"
    " SELECT count(*) FROM (SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM rows)"
    " UNION ALL SELECT * FROM (SELECT * FROM rows EXCEPT SELECT * FROM kept))"
).replace("{day}", str(DAY_US))
#: (SQL that counts, what it counts). `hash64` and `card_hash` are functions the ledger defines on its
#: connection.
CHECKS: tuple[tuple[str, str], ...] = (
    (_differences(QUARTERS), "quarter-hour roll-ups that differ from their rows"),
    (_differences(DAYS), "daily roll-ups that differ from their rows"),
    (_differences(DAY_SERIES), "daily roll-ups by model and app that differ from their rows"),
    (_differences(QUARTERS_ALL), "quarter-hour totals that differ from their rows"),
    (
        f"SELECT count(*) FROM request WHERE coalesce(cost, 0) <> {_PARTS}",
        "rows whose parts do not add up to their cost",
    ),
    ("SELECT count(*) FROM request WHERE cost IS NULL AND card <> 0", "rows without a cost that name a price"),
    (
        f"SELECT count(*) FROM request r WHERE NOT EXISTS ({_INDEXED})",
        "rows missing from the id index",
    ),
    (
        f"SELECT max(0, (SELECT count(*) FROM seen WHERE ts >= {_SINCE}) - (SELECT count(*) FROM request))",
        "id-index entries without a row",
    ),
    ("SELECT count(*) FROM request WHERE card NOT IN (SELECT id FROM card)", "rows without their price card"),
    ("SELECT count(*) FROM card WHERE body <> '' AND card_hash(body) <> card_id", "price cards that were changed"),
    ("SELECT count(*) FROM request WHERE batch NOT IN (SELECT id FROM batch)", "rows without their batch"),
    (
        _COSTS_DIFFER,
        "days whose sorted costs differ from their rows",
    ),
    *(
        (f"SELECT count(*) FROM request WHERE {code} NOT IN (SELECT id FROM {code})", f"rows without their {code}")
        for code in ("series", "party", "context")
    ),
)


def _expression(name: str) -> tuple[str, list[object]]:
    """SQL and parameters that give a dimension's text for a joined row."""
    if name in SERIES:
        return f'series."{name}"', []
    if name in PARTY:
        return f'party."{name}"', []
    if name in CONTEXT:
        return f'context."{name}"', []
    if name == "status":
        return "f.status", []
    if name == "prompt_id":
        return "coalesce(f.prompt_id, '')", []
    # The key is bound, and found by comparison, so that no quoting of JSON paths is involved.
    return "coalesce((SELECT value FROM json_each(f.tags) WHERE key = ?), '')", [name[4:]]


#: Rows themselves, as the finest of levels.
RAW = Rollup("request", "ts", 1, None)


def levels(query: Query) -> tuple[Rollup, ...]:
    """The tables that can answer the query, coarsest first; the last is the rows."""
    used = {*query.by, *(name for name, _ in query.where)}
    if not used:
        return QUARTERS_ALL, RAW
    if used <= set(SERIES):
        return DAY_SERIES, QUARTERS, RAW
    return (DAYS, RAW) if used <= set(PARTY) else (RAW,)


def sums_statement(query: Query, level: Rollup, start: int, end: int) -> tuple[str, list[object]]:
    """Totals over [start, end) in the level's own buckets: rows (key…, MEASURES…), several of a key."""
    keys = [_expression(dim) for dim in query.by]
    columns = [sql for sql, _ in keys]
    condition, bound = conditions(query)
    within = f"f.{level.bucket} >= ? AND f.{level.bucket} < ?"
    if level.code and columns:
        # Grouped by the code before its names are looked up: four times faster.
        chosen = f" AND {level.code} IN (SELECT id FROM {level.code} WHERE true{condition})" if condition else ""
        inner = (
            f"SELECT f.{level.code}, {', '.join(f'sum({name}) AS {name}' for name in MEASURE_NAMES)}"
            f" FROM {level.table} f WHERE {within}{chosen} GROUP BY 1"
        )
        return f"SELECT {', '.join(columns)}, {_NAMES} FROM ({inner}) f{_joins(query)}", [start, end, *bound]
    group = f" GROUP BY {', '.join(str(i + 1) for i in range(len(columns)))}" if columns else ""
    selected = ", ".join([*columns, _RAW_SUMS if level is RAW else _SUMS])
    return (
        f"SELECT {selected} FROM {level.table} f{_joins(query)} WHERE {within}{condition}{group}",
        [*(value for _, values in keys for value in values), start, end, *bound],
    )


def series_statement(query: Query, level: Rollup, *, tokens: bool) -> tuple[str, list[object], list[object]]:
    """Rows (key…, number, AMOUNTS…) of equally long stretches one behind the other.

    Behind the first parameters stand the start of the first, the length of each, that start again, and the end of the
    last, all in the level's own buckets; then the other parameters.
    """
    keys = [_expression(dim) for dim in query.by]
    condition, bound = conditions(query)
    rolled = level is not RAW
    parts = {name: measures for name, measures in AMOUNTS.items() if tokens or name != "tokens"}
    sums = [" + ".join(f"sum({one if rolled else MEASURES[one]})" for one in measures) for measures in parts.values()]
    number = f"(f.{level.bucket} - ?) / ?"
    within = f"f.{level.bucket} >= ? AND f.{level.bucket} < ?"
    group = ", ".join(str(place + 1) for place in range(len(keys) + 1))
    if level.code:
        # Grouped by the code before its names are looked up: four times faster.
        chosen = f" AND f.{level.code} IN (SELECT id FROM {level.code} WHERE true{condition})" if condition else ""
        named = ", ".join(f"{total} AS {name}" for name, total in zip(parts, sums, strict=True))
        inner = (
            f"SELECT f.{level.code}, {number} AS number, {named} FROM {level.table} f"
            f" WHERE {within}{chosen} GROUP BY 1, 2"
        )
        columns = ", ".join([*(sql for sql, _ in keys), "f.number", *(f"sum(f.{name})" for name in parts)])
        return f"SELECT {columns} FROM ({inner}) f{_joins(query)} GROUP BY {group}", [], bound
    columns = ", ".join([*(sql for sql, _ in keys), number, *sums])
    return (
        f"SELECT {columns} FROM {level.table} f{_joins(query)} WHERE {within}{condition} GROUP BY {group}",
        [value for _, values in keys for value in values],
        bound,
    )


def _joins(query: Query) -> str:
    used = {*query.by, *(name for name, _ in query.where)}
    joins = ""
    for code, names in (("series", SERIES), ("party", PARTY), ("context", CONTEXT)):
        if used & set(names):
            joins += f" JOIN {code} ON {code}.id = f.{code}"
    return joins


def conditions(query: Query) -> tuple[str, list[object]]:
    """` AND …` for the query's filters, and its parameters."""
    wanted: dict[str, list[str]] = {}
    for name, value in query.where:
        wanted.setdefault(name, []).append(value)
    text, parameters = "", []
    for name, values in wanted.items():
        sql, bound = _expression(name)
        text += f" AND {sql} IN ({', '.join('?' * len(values))})"
        parameters += [*bound, *values]
    return text, parameters


_INPUT = "f.input + f.cached + f.write_5m + f.write_1h + f.input_audio + f.cached_audio + f.input_image"
_OUTPUT = "f.output + f.reasoning + f.output_audio + f.output_image"
SIDES = {"input": _INPUT, "output": _OUTPUT}
_ORDERS = {
    "cost": "f.cost DESC",
    "time": "f.ts",
    "tokens": f"{_INPUT} + {_OUTPUT} DESC",
    "latency": "f.latency_us DESC",
}
ORDERS = tuple(_ORDERS)


def requests_statement(
    query: Query, order: str, limit: int | None, *, without_card: bool = False
) -> tuple[str, list[object]]:
    if order not in _ORDERS:
        raise UsageError(f"unknown order {order!r}{nearest(order, ORDERS)}", f"use one of {', '.join(ORDERS)}")
    condition, bound = conditions(query)
    if without_card:
        condition += f" AND f.card IN ({UNPRICED_CODE}, {REPORTED_CODE})"
    columns = ", ".join(f"f.{name}" for name in COLUMNS)
    statement = (
        f"SELECT {columns} FROM request f{_joins(query)} WHERE f.ts >= ? AND f.ts < ?{condition}"
        f" ORDER BY {_ORDERS[order]}, f.ts, f.id"
    )
    parameters = [query.start, query.end, *bound]
    return (statement, parameters) if limit is None else (f"{statement} LIMIT ?", [*parameters, limit])


def covered_groups_statement(query: Query) -> tuple[str, list[object]]:
    """Rows (key…, requests, unpriced ones, cost, newest timestamp) of the covered requests."""
    keys = [_expression(dim) for dim in query.by]
    condition, bound = conditions(query)
    columns = "".join(f"{column}, " for column, _ in keys)
    group = f" GROUP BY {', '.join(str(place + 1) for place in range(len(keys)))}" if keys else " HAVING count(*)"
    return (
        f"SELECT {columns}count(*), count(*) - count(f.cost), coalesce(sum(f.cost), 0), max(f.ts)"
        f" FROM request f{_joins(query)} WHERE f.{COVERED} AND f.ts >= ? AND f.ts < ?{condition}{group}"
    ), [*(value for _, values in keys for value in values), query.start, query.end, *bound]


def dear_statement(query: Query, least: int) -> tuple[str, list[object]]:
    """Rows (ts, id, cost, app) that cost more than `least` nano-USD."""
    condition, bound = conditions(query)
    joins = _joins(query._replace(by=("app",)))
    return (
        f"SELECT f.ts, f.id, f.cost, series.app FROM request f{joins} WHERE f.ts >= ? AND f.ts < ? AND f.cost > ?"
        + condition,
        [query.start, query.end, least, *bound],
    )


def ranked_tokens_statement(query: Query, side: str) -> tuple[str, list[object]]:
    """Tokens of one side of each whole, successful request, smallest first."""
    condition, bound = conditions(query)
    return (
        (
            f"SELECT {SIDES[side]} FROM request f{_joins(query)} WHERE f.ts >= ? AND f.ts < ?{condition}"
            f" AND f.status = 'ok' AND f.flags & {FLAG_PARTIAL} = 0 ORDER BY 1"
        ),
        [query.start, query.end, *bound],
    )


INSERT_PREDICTION = f"INSERT INTO prediction ({', '.join(PREDICTION)}) VALUES ({', '.join('?' * len(PREDICTION))})"
SELECT_PREDICTIONS = f"SELECT {', '.join(PREDICTION)} FROM prediction ORDER BY recorded_us, name, path, model, number"
