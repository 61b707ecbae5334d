"""The interchange record, and other people's logs in a similar shape."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.record import KeptPrice, Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect
from llmcost.sources.columns import COUNTS, FIELDS, RARE, SYNONYMS, TEXTS
from llmcost.sources.interchange import CSV, JSONL
from llmcost.sources.reader import LogFile, ReadOptions

TIME = "2026-01-09T10:00:00Z"
TS = 1_767_952_800_000_000
BASE = {"timestamp": TIME, "request_id": "r1", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20}


def read(data: bytes, source: Any = JSONL, mapping: dict[str, str] | None = None) -> list[Record | Problem]:
    return list(source.read(LogFile(io.BytesIO(data), "log", ReadOptions(mapping=mapping or {}))))


def encoded(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def only(value: dict[str, Any], **options: Any) -> Record:
    (record,) = read(encoded(value), **options)
    assert isinstance(record, Record), record
    return record


def reason(value: dict[str, Any] | bytes) -> str:
    (problem,) = read(value if isinstance(value, bytes) else encoded(value))
    assert isinstance(problem, Problem), problem
    assert (problem.file, problem.line) == ("log", 1)
    return problem.reason


def rows(*cells: tuple[Any, ...], delimiter: str = ",", end: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(cells)
    return out.getvalue().encode()


WHOLE = {
    "timestamp": "2026-01-09T11:00:00.5+01:00", "request_id": "r1", "provider": "OpenAI", "model": "gpt-5-mini",
    "app": "shop", "environment": "prod", "user": "ada", "team": "web", "operation": "chat", "session": "s1",
    "project": "p1", "input_tokens": 1000, "cached_input_tokens": 300, "cache_write_tokens": 50,
    "cache_write_1h_tokens": 40, "output_tokens": 200, "reasoning_tokens": 60, "latency_ms": 1234.5,
    "time_to_first_token_ms": 250, "cache_hit": False, "status": "ok", "tier": "priority", "input_audio_tokens": 30,
    "cached_audio_tokens": 20, "output_audio_tokens": 10, "image_tokens": 5, "output_image_tokens": 6,
    "web_searches": 2, "region": "eu", "error": "retried once", "branch": "main", "machine": "m1", "unmetered": True,
    "reported_cost_usd": 0.125, "tags": {"tier_of_user": "gold", "n": 3}, "prompt_id": "pid", "prompt_text": "hello",
    "prompt_chars": 5, "sidechain": True, "partial": True,
}  # fmt: skip


def test_every_field_of_the_record_is_read() -> None:
    assert only(WHOLE) == Record(
        ts=TS + 500_000, id="openai:r1", provider="openai", model="gpt-5-mini",
        usage=Usage(
            input=1000 - 300 - 50 - 40 - 30 - 5, cached=300 - 20, write_5m=50, write_1h=40, input_audio=30,
            cached_audio=20, input_image=5, output=200 - 60 - 10 - 6, reasoning=60, output_audio=10, output_image=6,
            web_searches=2,
        ),
        tier="priority", app="shop", environment="prod", team="web", operation="chat", user="ada", project="p1",
        session="s1", branch="main", machine="m1", region="eu", status="ok", error="retried once", sidechain=True,
        partial=True, cache_hit=False, unmetered=True, latency_us=1_234_500, ttft_us=250_000,
        reported_nano=125_000_000, tags=(("n", "3"), ("tier_of_user", "gold")), prompt_id="pid", prompt_chars=5,
        prompt_text="hello",
    )  # fmt: skip


def test_a_csv_says_the_same() -> None:
    flat = {**WHOLE, "tags": '{"tier_of_user": "gold", "n": 3}'}
    (record,) = read(rows(tuple(flat), tuple(flat.values())), CSV)
    assert record == only(WHOLE)


def test_only_a_time_a_model_and_counts_are_needed() -> None:
    assert only(BASE) == Record(
        TS, "openai:r1", "openai", "gpt-4o", Usage(input=100, output=20)
    )  # the model's name tells the provider


def test_without_a_known_family_the_provider_stays_open() -> None:
    record = only({**BASE, "model": "llama-3.3-70b"})
    assert (record.provider, record.id) == ("", ":r1")


@pytest.mark.parametrize(
    ("field", "name"), [(field, name) for field, names in SYNONYMS.items() for name in names if field not in RARE]
)
def test_each_synonym_means_its_field(field: str, name: str) -> None:
    value = {"timestamp": TIME, "request_id": "r", "model": "m", "input_tokens": 50, "output_tokens": 40, **{
        "timestamp": {field: TIME}, "model": {field: "m"},
    }.get(field, {field: 7 if field.endswith(("tokens", "_ms", "searches")) else "standard"})}  # fmt: skip
    renamed = {name if key == field else key: item for key, item in value.items()}
    assert name not in value
    assert only(renamed) == only(value)


@pytest.mark.parametrize("name", ["cost", "spend", "total_cost", "price_usd", "cost_usd", "reported_cost_usd"])
def test_a_cost_column_is_what_was_reported(name: str) -> None:
    assert only({**BASE, name: "$1,234.50"}).reported_nano == 1_234_500_000_000
    assert only({**BASE, name: 0.1}).reported_nano == 100_000_000
    assert only({**BASE, name: 0}).reported_nano == 0


@pytest.mark.parametrize("name", ["promptTokens", "Prompt Tokens", "prompt-tokens", " PROMPT_TOKENS "])
def test_spelling_of_column_names(name: str) -> None:
    value = {"Start Time": TIME, "modelName": "gpt-4o", name: 9, "completionTokens": 3}
    assert only(value).usage == Usage(input=9, output=3)


def test_prompts_synonyms_and_tags_synonyms() -> None:
    record = only({**BASE, "prompt": "hi", "metadata": {"a": 1}})
    assert (record.prompt_text, record.tags) == ("hi", (("a", "1"),))


def test_a_list_of_messages_as_prompt_is_text() -> None:
    assert only({**BASE, "prompt": [{"role": "user"}]}).prompt_text == '[{"role": "user"}]'


def test_the_fields_own_name_wins_over_a_synonym() -> None:
    assert only({"id": "row-7", **BASE}).id == "openai:r1"
    assert only({**BASE, "id": "row-7"}).id == "openai:r1"


def test_a_mapping_names_anyones_columns() -> None:
    value = {"when": TIME, "what": "gpt-4o", "in": 10, "out": 5, "who": "ada"}
    mapping = {"when": "timestamp", "what": "model", "in": "input_tokens", "out": "output_tokens", "who": "user"}
    assert detect(LogFile(io.BytesIO(encoded(value)), "x")) is None
    assert detect(LogFile(io.BytesIO(encoded(value)), "x", ReadOptions(mapping=mapping))) == JSONL
    record = only(value, mapping=mapping)
    assert (record.user, record.usage, record.tags) == ("ada", Usage(input=10, output=5), ())


def test_a_mapping_wins_over_names() -> None:
    record = only({**BASE, "billed": 7, "user": "x"}, mapping={"billed": "input_tokens"})
    assert record.usage.input == 7


@pytest.mark.parametrize(
    ("value", "us"),
    [
        (1_767_952_800, TS), (1_767_952_800.25, TS + 250_000), (1_767_952_800_250, TS + 250_000),
        ("1767952800", TS), ("1767952800.25", TS + 250_000), (TS, TS), (TS * 1000, TS),
        ("2026-01-09T10:00:00+00:00", TS), ("2026-01-09 10:00:00Z", TS), ("2026-01-09T15:30:00+05:30", TS),
    ],
)  # fmt: skip
def test_times(value: Any, us: int) -> None:
    assert only({**BASE, "timestamp": value}).ts == us


def test_a_time_without_an_offset_is_utc_and_counted() -> None:
    file = LogFile(io.BytesIO(encoded({**BASE, "timestamp": "2026-01-09 10:00:00"}, BASE)), "x")
    assert [item.ts for item in JSONL.read(file) if isinstance(item, Record)] == [TS, TS]
    assert file.naive_times == 1


def test_anthropics_words_mean_what_they_mean_there() -> None:
    value = {**BASE, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 50}
    assert only(value).usage == Usage(input=100, cached=1000, write_5m=50, output=20)


def test_beside_prompt_tokens_the_same_words_are_included() -> None:
    value = {"timestamp": TIME, "model": "claude-sonnet-4-5", "prompt_tokens": 1150, "completion_tokens": 20,
             "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 50}  # fmt: skip
    assert only(value).usage == Usage(input=100, cached=1000, write_5m=50, output=20)


def test_our_own_word_for_cached_tokens_wins_over_anthropics() -> None:
    value = {**BASE, "cached_input_tokens": 30, "cache_read_input_tokens": 30}
    assert only(value).usage == Usage(input=70, cached=30, output=20)


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("success", None, "ok"), (True, None, "ok"), (200, None, "ok"), ("204", None, "ok"), ("", None, "ok"),
        (None, None, "ok"), (500, None, "error"), ("429", None, "error"), (False, None, "error"),
        ("Failed", None, "error"), ("timeout", None, "timeout"), (None, "rate limit", "error"),
        ("ok", "retried", "ok"), ("200.0", None, "ok"), (200.0, None, "ok"), (429.0, None, "error"),
        ("FINISHED", None, "ok"), ("done", None, "ok"), ("complete", None, "ok"), ("stop", None, "ok"),
        ("length", None, "ok"), ("end_turn", None, "ok"), ("tool_use", None, "ok"), ("tool_calls", None, "ok"),
        ("max_tokens", None, "ok"), ("strange", None, "strange"),
    ],
)  # fmt: skip
def test_status(status: Any, error: str | None, expected: str) -> None:
    assert only({**BASE, "status": status, "error": error}).status == expected


@pytest.mark.parametrize("status", ["FINISHED", "200.0", "strange", "done", "", None, "no_error"])
def test_only_a_known_failure_needs_no_counts(status: str | None) -> None:
    line = {"timestamp": TIME, "model": "gpt-4o", "status": status, "in_toks": 1_000_000}
    assert reason(line) == "no token counts and no cost"
    assert reason({**line, "model": None}) == "no model"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("error", "error"), ("Timeout", "Timeout"), ("rate limited", "rate limited"), (429, "error"), ("500.0", "error"),
     ("cancelled", "cancelled"), ("connection_error", "connection_error"), ("Failed", "error")],
)  # fmt: skip
def test_a_known_failure_needs_none(status: Any, expected: str) -> None:
    record = only({"timestamp": TIME, "status": status})
    assert (record.status, record.usage) == (expected, Usage())


def test_an_error_beside_a_word_nobody_knows_is_a_failure() -> None:
    assert only({"timestamp": TIME, "status": "strange", "error": "boom"}).status == "strange"


def test_a_failed_request_needs_neither_counts_nor_a_model() -> None:
    record = only({"timestamp": TIME, "request_id": "r", "status": "error", "error": {"code": 429}})
    assert (record.model, record.usage, record.error) == ("", Usage(), '{"code": 429}')


@pytest.mark.parametrize(
    ("name", "expected"),
    [("default", "standard"), ("", "standard"), ("Flex", "flex"), ("batch", "batch"), ("Gold", "gold")],
)
def test_tiers(name: str, expected: str) -> None:
    assert only({**BASE, "service_tier": name}).tier == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("HIT", True), (1, True), ("no", False), (0, False), (None, None), ("null", None), ("", None)],
)
def test_cache_hit(value: Any, expected: bool | None) -> None:
    assert only({**BASE, "cache_hit": value}).cache_hit is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,234", 1234),
        ("12", 12),
        (" 7 ", 7),
        (12.0, 12),
        ("12.0", 12),
        ("12.00", 12),
        ("1,234,567", 1234567),
        ("", 0),
        (None, 0),
    ],
)
def test_counts_as_csv_and_javascript_write_them(value: Any, expected: int) -> None:
    assert only({**BASE, "input_tokens": value}).usage.input == expected


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timestamp": None}, "no timestamp"),
        ({"timestamp": ""}, "no timestamp"),
        ({"timestamp": "yesterday"}, "not a timestamp: 'yesterday'"),
        ({"timestamp": 12}, "timestamp outside 2000-2099: '12'"),
        ({"timestamp": {"$date": 1}}, "not a timestamp: \"{'$date': 1}\""),
        ({"timestamp": 10**400}, "timestamp outside 2000-2099"),
        ({"model": None}, "no model"),
        ({"model": {"name": "gpt"}}, 'model is not text: {"name": "gpt"}'),
        ({"user": ["a"]}, 'user is not text: ["a"]'),
        ({"request_id": {"$oid": "1"}}, 'request_id is not text: {"$oid": "1"}'),
        ({"input_tokens": None, "output_tokens": None}, "no token counts and no cost"),
        ({"input_tokens": -1}, "a token count is negative"),
        ({"output_tokens": "-3"}, "output_tokens is negative: '-3'"),
        ({"input_tokens": "12.000"}, "input_tokens is not a count: '12.000'"),
        ({"input_tokens": "12."}, "input_tokens is not a count: '12.'"),
        ({"input_tokens": "0,123"}, "input_tokens is not a count: '0,123'"),
        ({"cached_tokens": -500}, "a token count is negative"),
        ({"reasoning_tokens": -3}, "a token count is negative"),
        ({"cache_creation_input_tokens": -50}, "cache_creation_input_tokens is negative: '-50'"),
        ({"input_tokens": 10**13}, "a token count is implausibly large"),
        ({"input_tokens": 1e300}, "a token count is implausibly large"),
        ({"input_tokens": 10**400}, "a token count is implausibly large"),
        ({"input_tokens": 1.5}, "input_tokens is not a count: '1.5'"),
        ({"input_tokens": "1,5"}, "input_tokens is not a count: '1,5'"),
        ({"input_tokens": "1_000"}, "input_tokens is not a count: '1_000'"),
        ({"input_tokens": True}, "input_tokens is not a count: 'True'"),
        ({"input_tokens": [1]}, "input_tokens is not a count: '[1]'"),
        ({"input_tokens": "=1+1"}, "input_tokens is not a count: '=1+1'"),
        ({"cached_input_tokens": 101}, "cached, cache-write, audio and image tokens exceed the input tokens"),
        ({"reasoning_tokens": 21}, "reasoning, audio and image tokens exceed the output tokens"),
        ({"cache_read_input_tokens": -5}, "cache_read_input_tokens is negative: '-5'"),
        ({"tier": 7}, "a service tier is not text: '7'"),
        ({"cost": "0,0123"}, "cost has a comma that may be decimal or group thousands: '0,0123'"),
        ({"cost": "1,234"}, "cost has a comma that may be decimal or group thousands: '1,234'"),
        ({"cost": "1,23"}, "cost has a comma that may be decimal or group thousands: '1,23'"),
        ({"cost": "1.234,56"}, "cost has a comma that may be decimal or group thousands: '1.234,56'"),
        ({"cost": "123,456,78"}, "cost has a comma that may be decimal or group thousands: '123,456,78'"),
        ({"cost": "free"}, "not an amount: 'free'"),
        ({"cost": -0.5}, "cost is negative: '-0.5'"),
        ({"cost": 10**7}, "implausible amount: 10000000 USD"),
        ({"cost": "1e400"}, "amount: '1e400'"),
        ({"cost": [1]}, "cost is not an amount: '[1]'"),
        ({"prompt_chars": -1}, "prompt_chars is negative: '-1'"),
        ({"prompt_chars": 2**64}, "prompt_chars is out of range: '18446744073709551616'"),
        ({"priced_as": "c exact", "cost_nano_usd": 10**19}, "cost_nano_usd is out of range: '10000000000000000000'"),
        ({"priced_as": "c exact", "cost_nano_usd": -1}, "cost_nano_usd is negative: '-1'"),
        ({"priced_as": "c exact", "cost_nano_usd": 1.5}, "cost_nano_usd is not a count: '1.5'"),
        ({"priced_as": "c exact", "cost_usd": -1}, "cost_usd is negative: '-1'"),
        ({"priced_as": "c exact", "identity": "a\x1b[2J"}, r"not an identity: 'a\x1b[2J'"),
        ({"priced_as": {"card": 1}}, 'priced_as is not text: {"card": 1}'),
    ],
)
def test_what_makes_no_sense_is_a_problem_with_its_value(change: dict[str, Any], why: str) -> None:
    assert why in reason({**BASE, **change})


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"timestamp": "2026-01-09T10:00:00Z", "model": "m", "input_tokens": 1e400}', "not a count: 'inf'"),
        (b'{"timestamp": "2026-01-09T10:00:00Z", "model": "m", "input_to', "not JSON"),
        (b'"text"', "not a JSON object"),
        (b"7", "not a JSON object"),
        (b"{" * 100_000, "not JSON"),
    ],
)
def test_hostile_json(raw: bytes, why: str) -> None:
    (problem,) = read(encoded(BASE) + raw + b"\n")[1:]
    assert isinstance(problem, Problem)
    assert why in problem.reason


def test_an_integer_of_ten_thousand_digits_is_a_problem() -> None:
    raw = b'{"timestamp": "2026-01-09T10:00:00Z", "model": "m", "input_tokens": 1' + b"0" * 10_000 + b"}"
    assert isinstance(read(encoded(BASE) + raw)[1], Problem)


def test_nan_and_infinity_mean_nothing() -> None:
    value = {**BASE, "latency_ms": float("nan"), "time_to_first_token_ms": float("inf")}
    record = only(value)
    assert (record.latency_us, record.ttft_us) == (None, None)


def test_escapes_of_half_a_character_do_not_reach_the_ledger() -> None:
    raw = b'{"timestamp": "2026-01-09T10:00:00Z", "model": "m", "request_id": "\\ud800", "input_tokens": 1}\n'
    (record,) = read(raw)
    assert isinstance(record, Record)
    record.id.encode()


def test_a_cut_line_does_not_take_the_appended_one_with_it() -> None:
    cut, good = encoded(BASE), encoded({**BASE, "request_id": "r2", "tags": {"a": "b"}})
    for length in range(1, len(cut) - 1):
        found = read(encoded({**BASE, "request_id": "r0"}) + cut[:length] + good)
        assert [item.id for item in found if isinstance(item, Record)] == ["openai:r0", "openai:r2"], cut[:length]
        assert [item.line for item in found if isinstance(item, Problem)] == [2]


def test_unknown_columns_become_tags_and_texts_do_not() -> None:
    value = {**BASE, "tags": {"own": "1"}, "channel": "mail", "retries": 2, "flag": True, "nested": {"a": [1]},
             "nothing": None, "empty": "", "list": ["a"], "ratio": 0.5, "messages": [{"content": "secret"}],
             "response": "secret", "completion": "secret", "output": "secret"}  # fmt: skip
    assert only(value).tags == (
        ("channel", "mail"), ("flag", "true"), ("own", "1"), ("ratio", "0.5"), ("retries", "2"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "api_key", "apiKey", "APIKey", "key", "openai-key", "apikey_hash", "user_api_key_alias", "keys", "token",
        "access_token", "accesstoken", "id token", "session_token", "secret", "clientSecret", "password", "db_passwd",
        "Authorization", "authorisation", "Cookie", "set-cookie", "aws_credentials", "credential", "X-API-Key", "jwt",
        "messages", "message", "user_message", "input_messages", "gen_ai.input.messages", "question", "query", "answer",
        "prompts", "system_prompt", "userPrompt", "proxy_server_request", "raw_response", "transcript", "chat_history",
        "requestBody", "inputs", "outputs", "_", "",
    ],
)  # fmt: skip
def test_a_column_of_secrets_or_prose_is_no_tag_but_may_be_mapped(name: str) -> None:
    assert only({**BASE, name: "hidden"}).tags == ()
    (record,) = read(rows((*BASE, name), (*BASE.values(), "hidden")), CSV)
    assert isinstance(record, Record)
    assert record.tags == ()
    if name:
        assert only({**BASE, name: "ada"}, mapping={name: "user"}).user == "ada"


@pytest.mark.parametrize(
    "name",
    [
        "keyboard", "monkey", "session_tokens", "token_count", "max_tokens", "time_to_first_token", "tokens_per_word",
        "author", "message_id", "prompt_version", "query_count", "finish_reason", "channel", "客户",
    ],
)  # fmt: skip
def test_names_that_merely_look_like_those_are_tags(name: str) -> None:
    assert only({**BASE, name: "7"}).tags == ((name, "7"),)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * 128, True), ("x" * 129, False), ("two\nlines", False), ("end\n", False), ("a\r", False),
        ("a\u2028b", False),
        ('{"a": 1}', False), ("[1]", False), ("[prod] shop", True), ("{", True),
    ],
)  # fmt: skip
def test_only_a_short_line_becomes_a_tag(value: str, kept: bool) -> None:
    assert only({**BASE, "note": value}).tags == ((("note", value),) if kept else ())
    assert only({**BASE, "tags": {"note": value}}).tags == (("note", value),)


def test_what_a_log_calls_tags_is_kept_without_its_secrets() -> None:
    given = {"user_api_key": "hidden", "text": "kept", "o": {"authorization": "hidden", "list": [{"token": "hidden"}]}}
    expected = (("o", '{"list": [{}]}'), ("text", "kept"))
    for name in ("tags", "metadata"):
        assert only({**BASE, name: given}).tags == expected
        assert only({**BASE, name: json.dumps(given)}).tags == expected


def test_our_own_export_keeps_its_tags() -> None:
    assert only({**BASE, "priced_as": "c exact", "tags": {"token": "t"}}).tags == (("token", "t"),)


@pytest.mark.parametrize("depth", [*range(700, 1_000, 20), 5_000, 100_000])
@pytest.mark.parametrize("name", ["tags", "prompt_text", "error", "channel"])
def test_a_deeply_nested_value_never_crashes(name: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    raw = encoded({**BASE, name: "DEEP"}).replace(b'"DEEP"', deep.encode())
    assert len(read(raw + encoded({**BASE, "request_id": "r2"}))) == 2
    assert len(read(rows((*BASE, name), (*BASE.values(), deep)), CSV)) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b"], (("a", "true"), ("b", "true"))),
        ('{"a": "x"}', (("a", "x"),)),
        ("loose text", (("tags", "loose text"),)),
        (7, (("tags", "7"),)),
        ({"a": None, "b": 1}, (("b", "1"),)),
        ({}, ()),
        (None, ()),
    ],
)
def test_tags_in_any_shape(given: Any, expected: tuple[tuple[str, str], ...]) -> None:
    assert only({**BASE, "tags": given}).tags == expected


def test_the_number_of_tags_is_bounded() -> None:
    value = {**BASE, **{f"c{n}": n for n in range(500)}, "tags": {f"t{n}": n for n in range(500)}}
    assert len(only(value).tags) == 128


def test_without_an_id_identical_lines_keep_their_number() -> None:
    value = {name: item for name, item in BASE.items() if name != "request_id"}
    other = {**value, "output_tokens": 21}
    found = [item.id for item in read(encoded(value, other, value, value)) if isinstance(item, Record)]
    first = found[0]
    assert first.startswith("~")
    assert found == [first, found[1], f"{first}.1", f"{first}.2"]
    assert found[1] != first
    assert [item.id for item in read(encoded(value, value)) if isinstance(item, Record)] == [first, f"{first}.1"]


@pytest.mark.parametrize("number", [7, "7", " 7 ", "7.0", 7.0])
def test_a_number_in_a_column_called_id_is_a_rows(number: Any) -> None:
    line = {name: item for name, item in BASE.items() if name != "request_id"}
    value = {**line, "id": number}
    identity = only(value).id
    assert identity.startswith("~")
    assert only(value).id == identity
    assert only({**value, "app": "other"}).id != identity
    assert only({**line, "Id": number}).id.startswith("~")
    assert only(value, mapping={"id": "request_id"}).id == f"openai:{number}"
    for name in ("request_id", "response_id", "gen_ai.response.id"):
        assert only({**line, name: number}).id == f"openai:{number}"


def test_another_id_in_a_column_called_id_is_a_response_s() -> None:
    line = {name: item for name, item in BASE.items() if name != "request_id"}
    assert only({**line, "id": "chatcmpl-7"}).id == "openai:chatcmpl-7"
    assert only({**line, "id": "7a"}).id == "openai:7a"


def test_a_line_that_is_no_request_is_no_occurrence() -> None:
    value = {name: item for name, item in BASE.items() if name != "request_id"}
    good, bad = encoded(value), encoded({**value, "tier": 7})
    ids = [item.id for item in read(bad + good) if isinstance(item, Record)]
    assert ids == [item.id for item in read(good) if isinstance(item, Record)]


def test_an_overlong_or_unprintable_id_is_hashed_not_cut() -> None:
    long = [only({**BASE, "request_id": "x" * 300 + end}).id for end in "ab"]
    assert long[0] != long[1]
    assert all(len(identity) < 60 for identity in long)
    assert "\x1b" not in only({**BASE, "request_id": "\x1b[2J"}).id
    assert only({**BASE, "request_id": 42}).id == "openai:42"
    assert only({**BASE, "request_id": ""}).id.startswith("~")


def test_our_own_export_comes_back_with_its_identity_source_and_price() -> None:
    value = {**BASE, "identity": "anthropic:msg_1", "source": "claude-code", "priced_as": "0123abcd exact",
             "cost_usd": "0.0000015", "cost_nano_usd": 1500, "reported_cost_usd": "0.25"}  # fmt: skip
    record = only(value)
    assert (record.id, record.source) == ("anthropic:msg_1", "claude-code")
    assert record.kept == KeptPrice(1500, "0123abcd", "exact")
    assert record.reported_nano == 250_000_000


def test_an_export_without_the_exact_integer_keeps_its_decimal_cost() -> None:
    assert only({**BASE, "priced_as": "c exact", "cost_usd": "0.0000015"}).kept == KeptPrice(1500, "c", "exact")
    assert only({**BASE, "priced_as": "unpriced", "cost_usd": None}).kept == KeptPrice(None, "unpriced", "")


def test_only_an_export_may_name_identity_and_source() -> None:
    record = only({**BASE, "identity": "anthropic:msg_1", "source": "claude-code", "cost_nano_usd": 5})
    assert (record.id, record.source, record.kept) == ("openai:r1", "", None)


# --- CSV -------------------------------------------------------------------------------------------------------

HEADER = ("timestamp", "request_id", "model", "input_tokens", "output_tokens", "app")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_dialects(delimiter: str, end: str, mark: bytes) -> None:
    data = mark + rows(
        HEADER,
        (TIME, "r1", "gpt-4o", 100, 20, 'a "quoted", multi\nline; | app'),
        (TIME, "r2", "gpt-4o", "", 20, ""),
        delimiter=delimiter, end=end,
    )  # fmt: skip
    file = LogFile(io.BytesIO(data), "notes.txt")
    assert detect(file) == CSV
    first, second = CSV.read(file)
    assert first == Record(
        TS, "openai:r1", "openai", "gpt-4o", Usage(input=100, output=20), app='a "quoted", multi\nline; | app'
    )
    assert isinstance(second, Record)
    assert (second.usage, second.app) == (Usage(output=20), "")


def test_cells_that_mean_nothing() -> None:
    data = rows(HEADER, *((TIME, f"r{n}", "gpt-4o", 5, 1, cell) for n, cell in enumerate(("nan", "None", "NULL", ""))))
    assert [item.app for item in read(data, CSV) if isinstance(item, Record)] == ["", "", "", ""]


def test_a_decimal_comma_is_never_taken_for_thousands() -> None:
    data = rows(
        (*HEADER, "cost"),
        (TIME, "r1", "gpt-4o", 5, 1, "", "0,0123"),
        (TIME, "r2", "gpt-4o", 5, 1, "", "1,234.5"),
        delimiter=";",
    )
    problem, record = read(data, CSV)
    assert problem == Problem("log", 2, "cost has a comma that may be decimal or group thousands: '0,0123'")
    assert isinstance(record, Record)
    assert record.reported_nano == 1_234_500_000_000


def test_ragged_rows_are_problems_with_their_line() -> None:
    data = rows(HEADER, (TIME, "r1", "m", 1, 1, "a\nb"), (TIME, "r2", "m"), (TIME, "r3", "m", 1, 1, "a", "b"),
                (), (TIME, "r4", "m", 1, 1, "a"))  # fmt: skip
    first, short, long, last = read(data, CSV)
    assert isinstance(first, Record)
    assert short == Problem("log", 4, "3 columns where the header has 6")
    assert long == Problem("log", 5, "7 columns where the header has 6")
    assert isinstance(last, Record)
    assert last.id == ":r4"


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    good = [f"{TIME},r{n},m,1,1,a" for n in range(5000)]
    broken = [*good[:100], f'{TIME},x,"m', *good[100:]]
    found = read("\n".join([",".join(HEADER), *broken]).encode(), CSV)
    assert len([item for item in found if isinstance(item, Record)]) == 5000
    (problem,) = (item for item in found if isinstance(item, Problem))
    assert problem.line == 102
    assert "a quote" in problem.reason


def test_a_header_with_a_column_twice_is_refused() -> None:
    data = rows((*HEADER, "app"), (TIME, "r1", "m", 1, 1, "a", "b"))
    assert read(data, CSV) == [Problem("log", 1, "the column 'app' occurs twice")]


def test_unnamed_columns_are_left_out() -> None:
    (record,) = read(rows((*HEADER, "", ""), (TIME, "r1", "m", 1, 1, "a", "x", "y")), CSV)
    assert isinstance(record, Record)
    assert record.tags == ()


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe\x00t", b'"', b"a" * 3_000_000, b'timestamp,model\n"'])
def test_what_is_no_csv_gives_no_requests(data: bytes) -> None:
    assert not [item for item in read(data, CSV) if isinstance(item, Record)]
    assert detect(LogFile(io.BytesIO(data), "x")) is None


def test_nul_bytes_and_bad_utf8_in_a_cell() -> None:
    data = rows(HEADER, (TIME, "r1", "m", 1, 1, "caf\N{LATIN SMALL LETTER E WITH ACUTE}")).replace(b"caf", b"\x00caf")
    (record,) = read(data.replace("é".encode(), b"\xe9"), CSV)
    assert isinstance(record, Record)
    assert record.app == "caf\ufffd"


def test_csv_rows_without_id_keep_their_number() -> None:
    data = rows(("timestamp", "model", "input_tokens"), *[(TIME, "m", 5)] * 3)
    ids = [item.id for item in read(data, CSV) if isinstance(item, Record)]
    assert [identity.removeprefix(ids[0]) for identity in ids] == ["", ".1", ".2"]


def test_fields_are_listed_once() -> None:
    assert len(set(FIELDS)) == len(FIELDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latency_ms", -1), ("latency_ms", 1e300), ("latency_ms", "n/a"), ("latency_ms", [1]), ("latency_ms", True),
        ("time_to_first_token_ms", "soon"), ("cache_hit", "maybe"), ("partial", "perhaps"),
    ],
)  # fmt: skip
def test_a_side_field_that_makes_no_sense_is_not_recorded_and_costs_no_request(field: str, value: object) -> None:
    record = only({**BASE, field: value})
    assert (record.latency_us, record.ttft_us, record.cache_hit, record.partial) == (None, None, None, False)
    assert record.usage.tokens == 120


@pytest.mark.parametrize(("value", "hit"), [(1.0, True), (0.0, False), ("1.0", True), ("miss", False), (None, None)])
def test_a_cache_hit_in_any_spelling(value: object, hit: bool | None) -> None:
    assert only({**BASE, "cache_hit": value}).cache_hit is hit


_WORDS = st.sampled_from(
    ["", "openai", "gpt-4o-mini", "claude-haiku-4-5", "客服", "ok", "error", "429", "batch", " x "]
)
_NUMBERS = st.one_of(st.integers(-2, 50), st.just(10**13), st.just(2.0), st.just("7"), st.none())
_LINES = st.fixed_dictionaries(
    {"timestamp": st.sampled_from(["2026-10-01T08:00:00Z", "2026-10-01T08:00:00", "1790000000", "never", ""])},
    optional={
        **dict.fromkeys(("request_id", "provider", "model", "status", "tier", *TEXTS), st.one_of(_WORDS, st.none())),
        **dict.fromkeys(COUNTS, _NUMBERS),
        "latency_ms": st.one_of(_NUMBERS, st.just(1.5)),
        "time_to_first_token_ms": _NUMBERS,
        "cache_hit": st.sampled_from([True, False, None, "hit"]),
        "shelf": st.just("7"),
    },
)


@given(st.lists(_LINES, min_size=1, max_size=6))
def test_a_plain_line_is_read_as_any_other(values: list[dict[str, Any]]) -> None:
    # A mapping of a column that no line has keeps the quick way of plain lines out.
    general = read(encoded(*values), mapping={"nothing": "app"})
    assert read(encoded(*values)) == general
