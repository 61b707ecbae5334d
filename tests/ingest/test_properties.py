"""Whatever the order, the split or the damage: the same ledger, and no line hides another."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.core.usage import BUCKETS
from llmcost.ingest.pipeline import Ingest
from llmcost.ledger.measures import Group
from llmcost.ledger.protocol import Added
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.sources.columns import FIELDS
from tests.ingest.logs import ALL, BOOK, claude, encoded, flat, ingest, memory, rows

NAMES = st.sampled_from(["", "shop", "客服", "a\x00b"])
#: Within one day: an id is found again within a day of its first time.
MOMENTS = st.sampled_from(["2026-01-09T23:59:59.999Z", "2026-01-10T00:00:00Z", "2026-01-10T08:00:00+02:00"])
SMALL = st.integers(0, 3)


@st.composite
def flat_line(draw: st.DrawFn) -> dict[str, Any]:
    cached = draw(SMALL)
    return flat(
        request_id=f"msg_{draw(SMALL)}", timestamp=draw(MOMENTS), app=draw(NAMES), user=draw(NAMES), team=draw(NAMES),
        model=draw(st.sampled_from(["claude-sonnet-4-5", "gpt-4o", "acme"])), provider="anthropic",
        input_tokens=cached + draw(SMALL), cached_input_tokens=cached, output_tokens=draw(SMALL),
        latency_ms=draw(st.none() | SMALL), partial=draw(st.booleans()), tier=draw(st.sampled_from(["batch", ""])),
        cost=draw(st.none() | SMALL), tags=draw(st.dictionaries(NAMES, NAMES, max_size=2)),
    )  # fmt: skip


@st.composite
def claude_line(draw: st.DrawFn) -> dict[str, Any]:
    return claude(
        f"msg_{draw(SMALL)}", draw(SMALL), timestamp=draw(MOMENTS), isSidechain=draw(st.booleans()),
        sessionId=draw(NAMES), cwd=draw(NAMES), requestId=f"r{draw(SMALL)}",
    )  # fmt: skip


Logs = list[tuple[str, list[dict[str, Any]]]]


def read_in(ledger: SqliteLedger, logs: Logs) -> tuple[int, Added]:
    """Read each log as a file of its own; requests read, and what became of them."""
    read, added = 0, Added()
    for source, values in logs:
        job = Ingest(ledger, BOOK, source=source)
        job.stream(io.BytesIO(encoded(*values)), "log")
        result = job.finish()
        read, added = read + result.read, added.plus(result.added)
    return read, added


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SMALL, st.integers(1, 9), SMALL), max_size=12), st.randoms())
def test_the_order_of_a_files_lines_never_matters_even_over_days(
    lines: list[tuple[int, int, int]], random: Any
) -> None:
    values = [
        flat(request_id=f"r{name}", timestamp=f"2026-01-0{day}T12:00:00Z", output_tokens=output)
        for name, day, output in lines
    ]
    one, other = memory(), memory()
    read_in(one, [("jsonl", values)])
    random.shuffle(values)
    read_in(other, [("jsonl", values)])
    assert rows(one) == rows(other)


def state(ledger: SqliteLedger) -> tuple[Any, list[Group]]:
    groups = ledger.sums(ALL._replace(by=("provider", "model", "app", "user", "source", "tier")))
    return rows(ledger), sorted(groups)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_and_any_split_of_files_gives_the_same_ledger(data: st.DataObject) -> None:
    flats = data.draw(st.lists(flat_line(), max_size=12))
    claudes = data.draw(st.lists(claude_line(), max_size=12))
    together = memory()
    read_in(together, [("jsonl", flats), ("claude-code", claudes)])

    pieces: Logs = []
    for source, values in (("jsonl", flats), ("claude-code", claudes)):
        shuffled = data.draw(st.permutations(values))
        cut = data.draw(st.integers(0, len(shuffled)))
        pieces += [(source, shuffled[:cut]), (source, shuffled[cut:])]
    split = memory()
    for piece in data.draw(st.permutations(pieces)):
        read_in(split, [piece])

    assert state(split) == state(together)
    assert together.check() == split.check() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(flat_line(), max_size=12), st.lists(claude_line(), max_size=12))
def test_reading_everything_again_changes_nothing_and_every_request_is_accounted_for(
    flats: list[dict[str, Any]], claudes: list[dict[str, Any]]
) -> None:
    ledger = memory()
    logs: Logs = [("jsonl", flats), ("claude-code", claudes)]
    read, added = read_in(ledger, logs)
    before = state(ledger)
    assert read == sum(added[:3]) == len(flats) + len(claudes)
    again, repeats = read_in(ledger, logs)
    assert (again, repeats._replace(clashes=0)) == (read, Added(duplicate=read))
    assert state(ledger) == before
    assert ledger.check() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(flat_line(), min_size=1, max_size=12))
def test_totals_are_the_sums_of_rows(flats: list[dict[str, Any]]) -> None:
    ledger = memory()
    read_in(ledger, [("jsonl", flats)])
    (total,) = ledger.sums(ALL)
    stored = rows(ledger)
    assert total.sums["requests"] == len(stored)
    assert total.sums["cost"] == sum(row.cost or 0 for row in stored)
    assert total.sums["cost"] == sum(sum(row.parts) for row in stored)
    for place, bucket in enumerate(BUCKETS):
        assert total.sums[f"t_{bucket}"] == sum(row.record.usage[place] for row in stored)


# --- damage ------------------------------------------------------------------------------------------------------

#: Lines of every kind the sources read, with an id and the source that reads them.
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "claude-code": [
        claude("msg_a", 5, cwd="/home/dev", gitBranch="main", costUSD=0.5),
        claude("msg_b", 6, message={"id": "msg_b", "model": "claude-sonnet-4-5", "content": [{"type": "text"}],
                                    "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": "standard",
                                              "cache_creation": {"ephemeral_1h_input_tokens": 3},
                                              "server_tool_use": {"web_search_requests": 0}}}),
        claude("msg_c", 7, isSidechain=True),
    ],
    "jsonl": [
        flat(request_id="a", tags={"k": "v"}, latency_ms=12.5, cache_hit=True),
        flat(request_id="b", cached_input_tokens=7, status="error", error={"code": 1}),
        flat(request_id="c", cost="$0.1", tier="batch", prompt_text="hello", channel="mail"),
    ],
}  # fmt: skip

DAMAGE = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10_000), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 10_000), st.just(0)),
    st.tuples(st.just("drop"), st.integers(0, 10_000), st.integers(1, 40)),
    st.tuples(st.just("nul"), st.integers(0, 10_000), st.integers(1, 100)),
    st.tuples(st.just("bytes"), st.integers(0, 10_000), st.integers(128, 255)),
)


def damaged(line: bytes, damage: tuple[str, int, int]) -> bytes:
    """`line`, which has no line end, with one thing wrong; it still is one line."""
    kind, place, amount = damage
    if not line:
        return line
    place %= len(line)
    if kind == "flip":
        line = line[:place] + bytes([line[place] ^ amount]) + line[place + 1 :]
    elif kind == "cut":
        line = line[:place]
    elif kind == "drop":
        line = line[:place] + line[place + amount :]
    elif kind == "nul":
        line = line[:place] + b"\x00" * amount + line[place:]
    else:
        line = line[:place] + bytes([amount]) * 3 + line[place:]
    return line.replace(b"\n", b" ")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 2), st.lists(DAMAGE, min_size=1, max_size=3), st.booleans())
def test_a_damaged_line_never_crashes_and_never_hides_the_others(
    source: str, which: int, damages: list[tuple[str, int, int]], named: bool
) -> None:
    lines = [json.dumps(value).encode() for value in SAMPLES[source]]
    for damage in damages:
        lines[which] = damaged(lines[which], damage)
    ledger = memory()
    job = Ingest(ledger, BOOK, source=source if named else "auto")
    job.stream(io.BytesIO(b"\n".join(lines) + b"\n"), "log")
    result = job.finish()
    whole = memory()
    read_in(whole, [(source, [value for place, value in enumerate(SAMPLES[source]) if place != which])])
    found = {row.record.id: row for row in rows(ledger)}
    for row in rows(whole):
        # The damage may have turned the line's id into another line's: then one of the two versions is kept.
        assert row.record.id in found
    assert result.read + result.skipped + result.ignored >= len([line for line in lines if line.strip()])
    assert all(problem.line == which + 1 for problem in result.problems)
    assert ledger.check() == []


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(["auto", "claude-code", "jsonl", "csv", "openai", "openai-batch"]))
def test_no_bytes_crash_an_ingest(data: bytes, source: str) -> None:
    job = Ingest(memory(), BOOK, source=source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(data)
        job.paths([path])
    job.finish()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([10**30, -(2**63), "1e400"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_no_value_of_any_field_crashes_an_ingest(source: str, data: st.DataObject) -> None:
    value = json.loads(json.dumps(data.draw(st.sampled_from(SAMPLES[source]))))
    message = value.get("message", {})
    places = [place for place in (value, message, message.get("usage", {})) if place]
    place = data.draw(st.sampled_from(places))
    name = data.draw(st.sampled_from(sorted({*place, *(FIELDS if source == "jsonl" else ())})))
    place[name] = data.draw(JSON)
    good = SAMPLES[source][0]
    ledger = memory()
    job = Ingest(ledger, BOOK, source=source)
    job.stream(io.BytesIO(encoded(value, good)), "log")
    result = job.finish()
    assert result.read >= 1
    assert result.read + result.skipped + result.ignored == 2
    assert ledger.check() == []


def test_the_samples_themselves_are_read(tmp_path: Path) -> None:
    for source, values in SAMPLES.items():
        path = tmp_path / source
        path.write_bytes(encoded(*values))
        assert ingest(memory(), path).sources == [(source, 1, 3)]
