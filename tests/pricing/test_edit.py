from __future__ import annotations

from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError
from llmcost.core.instants import parse_timestamp
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook
from llmcost.pricing.edit import add_price
from llmcost.pricing.yaml_book import load_yaml

START = """\
# our contract
version: 1
models:
  # the old one
  - model: gpt-x   # inline
    provider: openai
    input: 2.50    # list
    output: 10
    tiers:
      batch: {discount: 50%}
    note: |
      several
      lines
  - model: dated
    provider: openai
    prices:
      - input: 1
        output: 2
        valid_from: 2024-01-01
  - model: flowing
    provider: openai
    prices:
      - {valid_from: 2024-01-01, input: 1, output: 2}
# the end
"""


def cost(path: Path, model: str, when: str, tier: str = "standard") -> int | None:
    book = PriceBook([load_yaml(path, name="own")])
    us, _ = parse_timestamp(when)
    quote = book.quote("openai", model, tier, us, Usage(input=1_000_000))
    return None if quote.cost is None else quote.cost[0]


@pytest.fixture
def book_file(tmp_path: Path) -> Path:
    path = tmp_path / "pricing.yaml"
    path.write_text(START)
    return path


def test_a_new_file_is_created(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "pricing.yaml"
    add_price(path, "acme/model:1", "openai", input="2.50", output="10", source="https://example.com/p?x=1")
    add_price(path, "second", "openai", input="1", cached_input="0.1", checked="2026-11-24")
    layer = load_yaml(path, name="own")
    assert [entry.model for entry in layer.entries] == ["acme/model:1", "second"]
    assert layer.entries[0].source == "https://example.com/p?x=1"
    assert layer.entries[1].checked == "2026-11-24"


def test_a_new_model_leaves_the_text_before_it_alone(book_file: Path) -> None:
    add_price(book_file, "fresh", "anthropic", input="3", output="15", valid_from="2026-01-01T10:00:00Z")
    text = book_file.read_text()
    head = START.removesuffix("# the end\n")
    assert text.startswith(head)
    assert text.endswith("# the end\n")
    assert load_yaml(book_file, name="own").entries[-1].model == "fresh"


@pytest.mark.parametrize("model", ["gpt-x", "dated", "flowing"])
def test_an_open_price_is_closed_where_the_new_one_starts(book_file: Path, model: str) -> None:
    old = cost(book_file, model, "2025-06-30T23:59:59Z")
    add_price(book_file, model, "open_ai", input="7", output="8", valid_from="2025-07-01", checked="2025-07-02")
    assert cost(book_file, model, "2025-06-30T23:59:59Z") == old
    assert cost(book_file, model, "2025-07-01T00:00:00Z") == 7_000_000_000
    text = book_file.read_text()
    for comment in ("# our contract", "# the old one", "# inline", "# list", "# the end"):
        assert comment in text
    if model == "gpt-x":
        assert cost(book_file, model, "2025-06-30T23:59:59Z", "batch") == 1_250_000_000


def test_a_third_price_and_one_before_the_first(book_file: Path) -> None:
    add_price(book_file, "gpt-x", "openai", input="7", valid_from="2025-07-01")
    add_price(book_file, "gpt-x", "openai", input="9", valid_from="2025-08-01T12:00:00+02:00")
    assert cost(book_file, "gpt-x", "2025-08-01T09:59:59Z") == 7_000_000_000
    assert cost(book_file, "gpt-x", "2025-08-01T10:00:00Z") == 9_000_000_000
    add_price(book_file, "dated", "openai", input="5", valid_from="2023-01-01")
    assert cost(book_file, "dated", "2023-06-01T00:00:00Z") == 5_000_000_000
    assert cost(book_file, "dated", "2024-01-01T00:00:00Z") == 1_000_000_000


@pytest.mark.parametrize("model", ["dated", "flowing"])
def test_the_same_start_replaces_the_price(book_file: Path, model: str) -> None:
    add_price(book_file, model, "openai", input="4", output="5", valid_from="2024-01-01")
    assert cost(book_file, model, "2024-01-01T00:00:00Z") == 4_000_000_000
    add_price(book_file, model, "openai", input="6", valid_from="2024-01-01", checked="2024-02-02")
    assert cost(book_file, model, "2024-01-01T00:00:00Z") == 6_000_000_000


def test_direct_price_with_the_same_start_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    add_price(path, "one", "openai", input="1", output="2", valid_from="2024-01-01", checked="2024-01-01")
    add_price(path, "one", "openai", input="3", output="4", valid_from="2024-01-01", checked="2024-03-01")
    assert cost(path, "one", "2024-05-01T00:00:00Z") == 3_000_000_000
    assert load_yaml(path, name="own").entries[0].checked == "2024-03-01"


def test_an_existing_model_needs_a_date(book_file: Path) -> None:
    with pytest.raises(ConfigError, match="already has a price"):
        add_price(book_file, "gpt-x", "openai", input="1")
    assert book_file.read_text() == START


@pytest.mark.parametrize("bad", ["abc", "-1", "nan", "1\n    output: 3", "1e999"])
def test_an_invalid_rate_changes_nothing(book_file: Path, bad: str) -> None:
    with pytest.raises(ConfigError):
        add_price(book_file, "other", "openai", input=bad)
    assert book_file.read_text() == START
    assert [path.name for path in book_file.parent.iterdir()] == ["pricing.yaml"]


def test_a_layout_it_cannot_edit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\nmodels: [{model: a, provider: openai, input: 1}]\n")
    with pytest.raises(ConfigError, match="layout") as caught:
        add_price(path, "b", "openai", input="1")
    assert "by hand" in caught.value.hint
    with pytest.raises(ConfigError, match="layout"):
        add_price(path, "a", "openai", input="1", valid_from="2025-01-01")


def test_empty_lists_line_endings_and_links(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"version: 1\r\nmodels: []\r\n# end\r\n")
    path.chmod(0o600)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    add_price(link, "a", "openai", input="1")
    data = path.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("version: 1\n")
    add_price(path, "a", "openai", input="1")
    assert [entry.model for entry in load_yaml(path, name="own").entries] == ["a"]
