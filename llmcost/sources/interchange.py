"""The interchange record as JSON Lines or CSV, and anyone's own log in a similar shape.

`input_tokens` is all input and `output_tokens` all output; cached, cache-write, audio and reasoning counts are
parts of them. Anthropic's own words (`cache_read_input_tokens`, `cache_creation_input_tokens`) mean what
they mean there: input excludes them. Columns nobody knows become tags. See docs/sources.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any

from llmcost.core.instants import parse_timestamp
from llmcost.core.money import MAX_NANO
from llmcost.core.providers import canonical_provider
from llmcost.core.record import KeptPrice, Problem, Record
from llmcost.core.text import clean_field, printable, unguarded
from llmcost.core.usage import COST_PARTS, MAX_TOKENS, Usage, usage_from_totals
from llmcost.sources.columns import COUNTS, TEXTS, Columns, Plan
from llmcost.sources.delimited import delimiter_of, header_of, rows
from llmcost.sources.parsed import (
    amount,
    family_provider,
    flag,
    is_failure,
    microseconds,
    outcome,
    scalar,
    shown,
    tier_named,
    whole,
)
from llmcost.sources.reader import LogFile, Source
from llmcost.sources.tags import MAX_TAGS, tags

_AT = {name: place for place, name in enumerate(Record._fields)}
_BLANK = [Record._field_defaults.get(name) for name in Record._fields]
_TS, _ID, _PROVIDER, _MODEL, _USAGE = (_AT[name] for name in ("ts", "id", "provider", "model", "usage"))
_TIER, _STATUS, _ERROR = _AT["tier"], _AT["status"], _AT["error"]
_LATENCY, _TTFT, _CACHE_HIT = _AT["latency_us"], _AT["ttft_us"], _AT["cache_hit"]

#: Cells by which spreadsheets and data frames say that there is nothing.
_NOTHING = {"", "null", "NULL", "None", "nan", "NaN", "\\N"}
_ROW_NUMBER = re.compile(r"[0-9]+(?:\.00?)?")
_SHOWN = 40
#: A provider's name, a colon, and a response id.
_MAX_OWN_ID = 1_024
#: Tags an export may hold: those of a log's line (columns and object) and those given at ingest.
_MAX_OWN_TAGS = 1_024


def _looks_like_requests(columns: set[str | None]) -> bool:
    return "timestamp" in columns and bool(
        columns & {"input_tokens", "output_tokens", "cost_usd", "reported_cost_usd"} or {"model", "status"} <= columns
    )


@lru_cache(8)
def _columns(mapping: tuple[tuple[str, str], ...]) -> Columns:
    return Columns(dict(mapping))


def flat(file: LogFile, raw: bytes, value: dict[str, Any]) -> Record | None:
    """The request of a flat line in a log of another kind; None where the line is not flat.

    Raises:
        ValueError: it is, and makes no sense.
    """
    plan = _columns(tuple(file.options.mapping.items())).plan(tuple(value))
    if plan.timestamp is None or not {name for name, _ in plan.counts} & {"input_total", "output_total"}:
        return None
    return _record(file, raw, value, plan)


def sniff_jsonl(file: LogFile) -> bool:
    columns = Columns(file.options.mapping)
    return any(_looks_like_requests({columns.field(name) for name in value}) for value in file.sample)


def sniff_csv(file: LogFile) -> bool:
    first = file.head.lstrip().split(b"\n", 1)[0].strip()
    if first.startswith((b"{", b"[")) or b"\x00" in first:
        return False
    columns = Columns(file.options.mapping)
    return _looks_like_requests({columns.field(name) for name in header_of(first.decode("utf-8", "replace"))})


def read_jsonl(file: LogFile) -> Iterator[Record | Problem]:
    columns = Columns(file.options.mapping)
    plain = _plain()
    typed = None if file.options.mapping else plain.decode
    for item in file.values(lambda value: columns.plan(tuple(value)).timestamp is not None, typed):
        if isinstance(item, Problem):
            yield item
            continue
        line, raw, value = item
        try:
            if isinstance(value, plain.type):
                yield _plain_record(file, raw, value)
            elif isinstance(value, dict):
                yield _record(file, raw, value, columns.plan(tuple(value)))
            else:
                yield file.problem(line, "not a JSON object")
        except ValueError as error:
            yield file.problem(line, str(error))
        except RecursionError:
            yield file.problem(line, "nested too deeply")


def read_csv(file: LogFile) -> Iterator[Record | Problem]:
    delimiter = delimiter_of(file.head.lstrip().split(b"\n", 1)[0].decode("utf-8", "replace"))
    plan: Plan | None = None
    header: list[str] = []
    exported = False
    for row in rows(file.raw_lines(), delimiter):
        if isinstance(row, Problem):
            yield row
        elif row.problem:
            yield file.problem(row.line, row.problem)
            if plan is None:
                return
        elif plan is None:
            header = row.cells
            twice = next((name for name in header if name and header.count(name) > 1), None)
            if twice is not None:
                yield file.problem(row.line, f"the column {twice[:_SHOWN]!r} occurs twice")
                return
            plan = Columns(file.options.mapping).plan(tuple(header))
            exported = "priced_as" in header
        else:
            if exported:
                # Our own export means "None" where it says so, and guards cells against spreadsheets.
                value = {name: unguarded(cell) for name, cell in zip(header, row.cells, strict=True) if cell}
            else:
                value = {name: cell for name, cell in zip(header, row.cells, strict=True) if cell not in _NOTHING}
            try:
                yield _record(file, "\x1f".join(row.cells).encode("utf-8", "replace"), value, plan)
            except ValueError as error:
                yield file.problem(row.line, str(error))
            except RecursionError:
                yield file.problem(row.line, "nested too deeply")


@cache
def _plain() -> Any:
    """A decoder of the lines gateways write: a time, and names and counts that are text and whole numbers.

    It refuses every other line. Such lines take a third of the time of others (`_plain_record`).
    """
    import msgspec

    fields: list[Any] = [("timestamp", str), *((name, str, "") for name in (*_LEADING_TEXTS, *TEXTS))]
    fields += [(name, int | None if name in _TOTALS else int, None if name in _TOTALS else 0) for name in COUNTS]
    fields += [("latency_ms", int | float | None, None), ("time_to_first_token_ms", int | float | None, None)]
    fields += [("cache_hit", bool | None, None)]
    return msgspec.json.Decoder(msgspec.defstruct("Line", fields, forbid_unknown_fields=True, gc=False))


_LEADING_TEXTS = ("request_id", "provider", "model", "status", "tier")
_TOTALS = ("input_tokens", "output_tokens")


def _plain_record(file: LogFile, raw: bytes, line: Any) -> Record:
    """What `_record` makes of such a line.

    Raises:
        ValueError: as there.
    """
    if not line.timestamp:
        raise ValueError("no timestamp")
    ts, aware = parse_timestamp(line.timestamp)
    model, error, given, out = line.model, line.error, line.input_tokens, line.output_tokens
    status = outcome(line.status) or ("error" if error else "ok")
    if status == "ok" or not (error or is_failure(status)):
        if not model:
            raise ValueError("no model")
        if given is None and out is None:
            raise ValueError("no token counts and no cost")
    usage = _plain_usage(given or 0, out or 0, line)
    provider = _provider(line.provider, model)
    latency, first = line.latency_ms, line.time_to_first_token_ms
    file.naive_times += not aware
    return _new(Record, (
        ts, file.identity(provider, line.request_id, raw), provider, model, usage,
        (tier_named(line.tier) or "standard") if line.tier else "standard",
        line.app, line.environment, line.team, line.operation, line.user, line.project, line.session, line.branch,
        line.machine, line.region, status, error, "", False, False, line.cache_hit, False,
        None if latency is None else microseconds(latency), None if first is None else microseconds(first),
        None, (), "", "", "", "", None, "", None,
    ))  # fmt: skip


#: NamedTuple's own constructor takes as long as all the rest of a plain line.
_new = tuple.__new__


def _plain_usage(given: int, out: int, line: Any) -> Usage:
    """`usage_from_totals`, which nearly every line needs little of."""
    cached, reasoning = line.cached_input_tokens, line.reasoning_tokens
    if (
        0 <= cached <= given <= MAX_TOKENS
        and 0 <= reasoning <= out <= MAX_TOKENS
        and not (line.cache_write_tokens or line.cache_write_1h_tokens or line.web_searches or line.image_tokens)
        and not (line.input_audio_tokens or line.cached_audio_tokens)
        and not (line.output_audio_tokens or line.output_image_tokens)
    ):
        return _new(Usage, (given - cached, cached, 0, 0, 0, 0, 0, out - reasoning, reasoning, 0, 0, 0))
    return usage_from_totals(
        input_total=given, output_total=out, cached=cached, write_5m=line.cache_write_tokens,
        write_1h=line.cache_write_1h_tokens, input_audio=line.input_audio_tokens, cached_audio=line.cached_audio_tokens,
        input_image=line.image_tokens, reasoning=reasoning, output_audio=line.output_audio_tokens,
        output_image=line.output_image_tokens, web_searches=line.web_searches,
    )  # fmt: skip


def _record(file: LogFile, raw: bytes, value: dict[Any, Any], plan: Plan) -> Record:
    """The request of one line, whose columns are those of `plan`.

    Raises:
        ValueError: it tells of no request, or has a value that makes no sense.
    """
    get = value.get
    when = get(plan.timestamp)
    if when is None or when == "":
        raise ValueError("no timestamp")
    ts, aware = parse_timestamp(when)
    values: list[Any] = list(_BLANK)
    for place, column in plan.texts:
        text = get(column)
        if text is not None:
            values[place] = text if type(text) is str else _text(text, column)
    counts: dict[str, int] = {}
    for parameter, column in plan.counts:
        number = get(column)
        if number is not None and number != "":
            counts[parameter] = number if type(number) is int else whole(number, column)
    _add_beside(counts, value, plan)
    rare = {field: got for field, column in plan.rare if (got := get(column)) is not None and got != ""}
    model = get(plan.model)
    if type(model) is not str:
        model = _text(model, "model")
    exported = "priced_as" in rare
    word = _text(get(plan.status), "status")
    status = word if exported else outcome(word)
    status = status or ("error" if values[_ERROR] and not exported else "ok")
    if not exported and (status == "ok" or not (values[_ERROR] or is_failure(status))):
        if not model:
            raise ValueError("no model")
        if "input_total" not in counts and "output_total" not in counts and not rare.keys() & _COSTS:
            raise ValueError("no token counts and no cost")
    provider = _text(get(plan.provider), "provider")
    if not exported:
        provider = _provider(provider, model)
    values[_TS], values[_PROVIDER], values[_MODEL], values[_STATUS] = ts, provider, model, status
    values[_USAGE] = usage_from_totals(**counts)
    if (tier := get(plan.tier)) is not None:
        values[_TIER] = _text(tier, "tier") if exported else tier_named(tier) or "standard"
    if (latency := get(plan.latency)) is not None:
        values[_LATENCY] = microseconds(latency)
    if (ttft := get(plan.ttft)) is not None:
        values[_TTFT] = microseconds(ttft)
    if (hit := get(plan.cache_hit)) is not None:
        values[_CACHE_HIT] = flag(hit)
    if rare or plan.tags:
        _add_rare(values, rare, value, plan)
    identity = _text(rare.get("identity"), "identity") if exported else ""
    # Last: a line that turns out to be no request must not count as an occurrence of itself.
    values[_ID] = _own_id(identity) if identity else file.identity(provider, _id(get(plan.request_id), plan), raw)
    file.naive_times += not aware
    return Record._make(values)


_COSTS = {"cost_usd", "reported_cost_usd", "cost_nano_usd"}


def _add_rare(values: list[Any], rare: dict[str, Any], value: Mapping[str, Any], plan: Plan) -> None:
    exported = "priced_as" in rare
    for name in ("prompt_id", "prompt_digest", "prefix_digest", "language"):
        if name in rare:
            values[_AT[name]] = clean_field(_text(rare[name], name))
    for name in ("unmetered", "sidechain", "partial"):
        if name in rare:
            values[_AT[name]] = flag(rare[name]) or False
    if exported and "source" in rare:
        values[_AT["source"]] = clean_field(_text(rare["source"], "source"))
    if "prompt_text" in rare:
        text = rare["prompt_text"]
        values[_AT["prompt_text"]] = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    if "prompt_chars" in rare:
        count = whole(rare["prompt_chars"], "prompt_chars")
        if not 0 <= count <= MAX_TOKENS:
            raise ValueError(f"prompt_chars is out of range: {shown(count)}")
        values[_AT["prompt_chars"]] = count
    values[_AT["reported_nano"]] = _reported(rare)
    beside = ((column, value.get(column)) for column in plan.tags)
    most = _MAX_OWN_TAGS if exported else MAX_TAGS
    values[_AT["tags"]] = tags(rare.get("tags"), beside, most, trusted=exported)
    values[_AT["kept"]] = _kept(rare) if exported else None


def _text(value: Any, name: str) -> str:
    """A name: text, or a number or truth value as text.

    Raises:
        ValueError: an object or a list.
    """
    text = scalar(value)
    if text is not None:
        return text
    if name in ("error", "error_message"):
        return json.dumps(value, ensure_ascii=False)
    raise ValueError(f"{name} is not text: {json.dumps(value, ensure_ascii=False)[:_SHOWN]}")


def _id(value: Any, plan: Plan) -> str:
    text = _text(value, "request_id")
    return "" if plan.numbered and _ROW_NUMBER.fullmatch(text.strip()) else text


def _own_id(identity: str) -> str:
    """The id under which our own export knew a request."""
    if len(identity) > _MAX_OWN_ID or printable(identity) != identity:
        raise ValueError(f"not an identity: {shown(identity)}")
    return identity


@lru_cache(4096)
def _provider(name: str, model: str) -> str:
    """As named; else the only one whose own API serves such a model, so that two logs of one call agree."""
    return canonical_provider(clean_field(name)) if name else family_provider(model)


def _add_beside(counts: dict[str, int], value: Mapping[str, Any], plan: Plan) -> None:
    """Counts that stand beside the input instead of within it are added to it."""
    for parameter, column in plan.beside:
        number = value.get(column)
        if number is not None and number != "":
            counts[parameter] = count = whole(number, column)
            counts["input_total"] = counts.get("input_total", 0) + count


def _reported(rare: Mapping[str, Any]) -> int | None:
    value = rare.get("reported_cost_usd")
    if value is None and "priced_as" not in rare:
        value = rare.get("cost_usd")
    return None if value is None else amount(value, "cost")


def _kept(rare: Mapping[str, Any]) -> KeptPrice:
    """The price an export of ours carries: `priced_as` is "CARD_ID MATCH", and perhaps "assumed"."""
    card, _, match = clean_field(_text(rare["priced_as"], "priced_as")).partition(" ")
    match, _, assumed = match.partition(" ")
    nano: int | None = None
    if "cost_nano_usd" in rare:
        nano = whole(rare["cost_nano_usd"], "cost_nano_usd")
        if not 0 <= nano <= MAX_NANO:
            raise ValueError(f"cost_nano_usd is out of range: {shown(nano)}")
    elif "cost_usd" in rare:
        nano = amount(rare["cost_usd"], "cost_usd")
    return KeptPrice(nano, card, match, _parts(rare.get("cost_parts_nano"), nano), assumed == "assumed")


def _parts(given: Any, nano: int | None) -> tuple[int, ...]:
    """A cost's parts in the order of COST_PARTS, each absent one 0; empty when none are given."""
    if given is None:
        return ()
    if isinstance(given, str):
        with suppress(ValueError, RecursionError):
            given = json.loads(given)
    if not isinstance(given, dict) or not given.keys() <= set(COST_PARTS):
        raise ValueError(f"cost_parts_nano is not an object of a cost's parts: {shown(given)}")
    parts = tuple(given.get(name, 0) for name in COST_PARTS)
    if any(type(part) is not int or part < 0 for part in parts):
        raise ValueError(f"cost_parts_nano holds something else than whole numbers: {shown(given)}")
    if sum(parts) != nano:
        raise ValueError(f"cost_parts_nano adds up to {shown(sum(parts))}, not to the cost {shown(nano)}")
    return parts


JSONL = Source("jsonl", sniff_jsonl, read_jsonl, resumes=True)
CSV = Source("csv", sniff_csv, read_csv)
