from __future__ import annotations

from fractions import Fraction

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.instants import parse_timestamp
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook, price_or_error
from llmcost.pricing.currency import Currency
from llmcost.pricing.entry import Entry, Hours, Layer, Prices, Rate, Variant


def us(text: str) -> int:
    return parse_timestamp(text)[0]


def prices(usd: int, start: str = "", end: str = "", hours: Hours | None = None) -> Prices:
    return Prices(
        {"input": Rate(usd * 10**9)},
        valid_from=us(start) if start else None,
        valid_to=us(end) if end else None,
        hours=hours,
    )


def layer(
    name: str, *found: Prices, yields: bool = False, model: str = "m", variants: tuple[Variant, ...] = ()
) -> Layer:
    return Layer(name, name, (Entry("openai", model, found, variants=variants),), yields=yields)


def priced(book: PriceBook, when: str, tier: str = "standard") -> tuple[str, int] | None:
    quote = book.quote("openai", "m", tier, us(when), Usage(input=1))
    if quote.priced is None or quote.cost is None:
        assert quote.reason
        return None
    return quote.priced.layer, quote.cost[0] // 1000


def test_the_first_layer_that_states_a_currency_wins() -> None:
    book = PriceBook(
        [
            Layer("own", "own", (), currencies={"EUR": ("1.16", "2026-11-24")}),
            Layer("user", "user", (), currencies={"EUR": ("2", "2020-01-01"), "JPY": ("0.0064", "2026-11-23")}),
        ]
    )
    assert book.currency("EUR") == Currency("EUR", Fraction("1.16"), "2026-11-24", "own")
    assert book.currency("JPY") == Currency("JPY", Fraction("0.0064"), "2026-11-23", "user")
    assert book.currency("GBP") is None


@pytest.mark.parametrize("text", ["1.16", "0.000038", "123456789.123456789", "2"])
def test_a_rate_is_written_as_its_file_has_it(text: str) -> None:
    assert Currency("EUR", Fraction(text), "2026-11-24").rate == text


def test_the_first_layer_with_a_price_at_that_time_wins() -> None:
    book = PriceBook(
        [
            layer("option", prices(1, "2025-01-01", "2025-02-01")),
            layer("user", prices(2)),
            layer("catalogue", prices(3)),
        ]
    )
    assert priced(book, "2025-01-15T00:00:00Z") == ("option", 1)
    assert priced(book, "2025-03-15T00:00:00Z") == ("user", 2)
    assert [name for name, _ in book.matches("openai", "m")] == ["option", "user", "catalogue"]


def test_packaged_history_holds_but_its_open_prices_yield() -> None:
    packaged = layer("packaged", prices(5, "2023-01-01", "2024-01-01"), prices(4, "2024-01-01"), yields=True)
    book = PriceBook([packaged, layer("catalogue", prices(3))])
    assert priced(book, "2023-06-01T00:00:00Z") == ("packaged", 5)
    assert priced(book, "2024-06-01T00:00:00Z") == ("catalogue", 3)
    assert priced(book, "2022-06-01T00:00:00Z") == ("catalogue", 3)
    alone = PriceBook([packaged])
    assert priced(alone, "2024-06-01T00:00:00Z") == ("packaged", 4)
    assert priced(alone, "2022-06-01T00:00:00Z") is None
    late = PriceBook([packaged, layer("catalogue", prices(3, "2025-01-01"))])
    assert priced(late, "2024-06-01T00:00:00Z") == ("packaged", 4), "the catalogue has no price then"


def test_prices_change_at_their_second() -> None:
    book = PriceBook(
        [layer("own", prices(2, "2025-03-01T12:00:00Z", "2025-03-01T12:00:01Z"), prices(3, "2025-03-01T12:00:01Z"))]
    )
    assert priced(book, "2025-03-01T11:59:59.999999Z") is None
    assert priced(book, "2025-03-01T12:00:00Z") == ("own", 2)
    assert priced(book, "2025-03-01T12:00:00.999999Z") == ("own", 2)
    assert priced(book, "2025-03-01T12:00:01Z") == ("own", 3)


@pytest.mark.parametrize(
    ("when", "usd"),
    [
        ("2026-11-20T21:59:59Z", 2),  # Friday
        ("2026-11-20T22:00:00Z", 1),
        ("2026-11-21T05:59:59Z", 1),  # Saturday, still Friday's window
        ("2026-11-21T06:00:00Z", 2),
        ("2026-11-21T22:00:00Z", 2),
        ("2026-11-22T03:00:00Z", 2),
    ],
)
def test_hours_across_midnight_on_a_weekday(when: str, usd: int) -> None:
    night = Hours(22 * 60, 6 * 60, "UTC", (5,))
    assert priced(PriceBook([layer("own", prices(2), prices(1, hours=night))]), when) == ("own", usd)


@pytest.mark.parametrize(
    ("when", "usd"),
    [
        ("2026-03-28T08:00:00Z", 1),  # winter time: 09:00 in Berlin
        ("2026-03-28T07:59:59Z", 2),
        ("2026-03-29T07:00:00Z", 1),  # summer time since 02:00
        ("2026-03-29T06:59:59Z", 2),
        ("2026-03-29T15:00:00Z", 2),
    ],
)
def test_hours_follow_their_zone(when: str, usd: int) -> None:
    day = Hours(9 * 60, 17 * 60, "Europe/Berlin")
    assert priced(PriceBook([layer("own", prices(2), prices(1, hours=day))]), when) == ("own", usd)


def test_sunday_night_reaches_into_monday() -> None:
    night = Hours(22 * 60, 6 * 60, "UTC", (7,))
    assert night.active(us("2026-11-23T05:00:00Z"))
    assert not night.active(us("2026-11-24T05:00:00Z"))


def batch(usd: int, start: str, *, verified: bool) -> Variant:
    return Variant("batch", prices(usd, start), verified)


def test_a_verified_tier_reaches_back_only_over_equal_base_rates() -> None:
    bases = (prices(10), prices(4, "2025-01-01"), prices(4, "2025-06-01"))
    book = PriceBook([layer("catalogue", *bases, variants=(batch(2, "2026-01-01", verified=True),))])
    assert priced(book, "2026-02-01T00:00:00Z", "batch") == ("catalogue", 2)
    assert priced(book, "2025-02-01T00:00:00Z", "batch") == ("catalogue", 2)
    assert priced(book, "2024-02-01T00:00:00Z", "batch") == ("catalogue", 10)
    own = PriceBook([layer("own", *bases, variants=(batch(2, "2026-01-01", verified=False),))])
    assert priced(own, "2025-12-31T23:59:59Z", "batch") == ("own", 4)


def test_unknown_tiers_pay_standard_and_say_so() -> None:
    quote = PriceBook([layer("own", prices(2))]).quote("openai", "m", "flex", us("2026-01-01"), Usage(input=1))
    assert quote.priced is not None
    assert quote.priced.card.note == "no flex rate known: standard rates"


def test_reasons_for_no_price() -> None:
    book = PriceBook([layer("own", prices(2, "2025-01-01"))])
    at = us("2026-01-01")
    assert "no price for model 'x'" in book.quote("openai", "x", "standard", at, Usage()).reason
    assert "at that time" in book.quote("openai", "m", "standard", us("2024-01-01"), Usage()).reason
    assert "no rate for output" in book.quote("openai", "m", "standard", at, Usage(output=1)).reason


def test_a_claude_without_a_one_hour_rate_pays_twice_its_input_of_the_same_tier_and_band() -> None:
    """Input 3 (6 above 200,000 tokens) and half of it by batch: one-hour writes are 6, 12, 3 and 6 per million."""
    rates = {"input": Rate(3 * 10**9, ((200_000, 6 * 10**9),)), "write_5m": Rate(375 * 10**7)}
    halves = Prices({"input": Rate(15 * 10**8, ((200_000, 3 * 10**9),))})
    entry = Entry("openrouter", "anthropic/claude-x", (Prices(rates),), (Variant("batch", halves),))
    book = PriceBook([Layer("own", "own", (entry,))])
    for tier, tokens, nano in (
        ("standard", 100_000, 600_000_000),
        ("standard", 300_000, 3_600_000_000),
        ("batch", 100_000, 300_000_000),
        ("batch", 300_000, 1_800_000_000),
    ):
        quote = book.quote("openrouter", "anthropic/claude-x", tier, 0, Usage(write_1h=tokens))
        assert quote.cost is not None
        assert quote.cost[0] == nano
        assert quote.priced is not None
        assert (quote.priced.card.note, quote.priced.card.derived) == ("", ("write_1h",))


def test_a_used_audio_bucket_without_a_rate_is_named() -> None:
    text = Prices({"input": Rate(15 * 10**7), "output": Rate(6 * 10**8)})
    book = PriceBook([Layer("own", "own", (Entry("openai", "m", (text,)), Entry("google", "m", (text,))))])
    quote = book.quote("openai", "m", "standard", 0, Usage(input=1, input_audio=1, output_audio=1))
    assert (quote.cost, quote.reason) == (None, "model 'm' has no rate for input_audio, output_audio")
    quote = book.quote("google", "m", "standard", 0, Usage(input_audio=10, output_audio=10))
    assert quote.cost is not None
    assert quote.cost[0] == 10 * 150 + 10 * 600


def test_the_price_of_a_name_or_an_error() -> None:
    book = PriceBook([layer("own", prices(2, "2025-01-01"), model="gpt-x")])
    assert price_or_error(book, "gpt-x", us("2026-01-01")).card.model == "gpt-x"
    with pytest.raises(UsageError) as unknown:
        price_or_error(book, "gpt-y", us("2026-01-01"), what="candidate", place="routing.yaml:3")
    assert unknown.value.message == "no price for candidate 'gpt-y' (routing.yaml:3); did you mean 'gpt-x'?"
    assert "llmcost prices add gpt-y" in unknown.value.hint
    with pytest.raises(UsageError) as early:
        price_or_error(book, "gpt-x", us("2024-01-01"), provider="openai", tier="batch")
    assert (early.value.message, early.value.hint) == (
        "no price for model 'gpt-x' at that time", "`llmcost prices show gpt-x` shows its dates",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "provider", "message", "hint"),
    [
        ("gpt-x", "opnai", "unknown provider 'opnai' of model 'gpt-x'; did you mean 'openai'?",
         "`llmcost prices list` shows providers"),
        ("gpt-x", "acme", "no price for model 'gpt-x' of provider 'acme'",
         "openai sell it: write PROVIDER/gpt-x for the price of one"),
        ("both", "", "no price for model 'both'",
         "acme, openai sell it: write PROVIDER/both for the price of one"),
        ("gpt x", "", "no price for model 'gpt x'; did you mean 'gpt-x'?",
         "`llmcost prices list` shows the known names; `llmcost prices add 'gpt x' --input … --output …` adds one"),
    ],
)  # fmt: skip
def test_an_error_says_whether_it_is_the_model_or_its_provider(
    model: str, provider: str, message: str, hint: str
) -> None:
    entries = [Entry(owner, name, (prices(2, "2025-01-01"),))
               for owner, name in (("openai", "gpt-x"), ("openai", "both"), ("acme", "both"))]  # fmt: skip
    book = PriceBook([Layer("own", "test", tuple(entries))])
    with pytest.raises(UsageError) as error:
        price_or_error(book, model, us("2026-01-01"), provider=provider)
    assert (error.value.message, error.value.hint) == (message, hint)


def test_only_the_asked_tiers_dates_matter() -> None:
    """A standard price without dates stays one although a tier of the model has a date."""
    book = PriceBook([layer("own", prices(4), variants=(batch(2, "2026-01-01", verified=False),))])
    standard, cheap = book.resolve("openai", "m"), book.resolve("openai", "m", "batch")
    assert standard is not None
    assert cheap is not None
    assert (standard.dated, cheap.dated) == (False, True)
    assert priced(book, "2025-12-31T23:59:59Z", "batch") == ("own", 4)
    assert priced(book, "2026-01-01T00:00:00Z", "batch") == ("own", 2)
    assert priced(book, "2026-01-01T00:00:00Z") == ("own", 4)
