from __future__ import annotations

import pytest

from llmcost.pricing.catalogue import compile_catalogue
from llmcost.pricing.entry import Entry, Layer, Prices, Rate
from llmcost.pricing.match import Names


@pytest.fixture(scope="module")
def names() -> Names:
    layer = compile_catalogue()
    assert layer is not None
    return Names(layer)


BEDROCK_SONNET = "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"
BEDROCK_HAIKU = "regional.anthropic.claude-3-haiku-20240307-v1:0"


@pytest.mark.parametrize(
    ("provider", "model", "owner", "entry", "how"),
    [
        ("openai", "gpt-4o", "openai", "gpt-4o", "exact"),
        ("", "gpt-4o", "openai", "gpt-4o", "exact"),
        ("openai", "  GPT-4o ", "openai", "gpt-4o", "exact"),
        ("open_ai", "gpt-4o-2024-08-06", "openai", "gpt-4o", "alias"),
        ("", "gpt-4-0613", "openai", "gpt-4", "alias"),
        ("openai", "gpt-4o-audio-preview-2024-12-17", "openai", "gpt-4o-audio-preview", "snapshot"),
        ("", "claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5", "snapshot"),
        ("anthropic", "claude-sonnet-4", "anthropic", "claude-sonnet-4-0", "alias"),
        ("gcp.gemini", "gemini-2.5-pro-preview-05-06", "google", "gemini-2.5-pro", "snapshot"),
        ("", "models/gemini-2.5-flash", "google", "gemini-2.5-flash", "exact"),
        ("google", "models/gemini-2.5-flash", "google", "gemini-2.5-flash", "prefix:google"),
        ("google", "publishers/google/models/gemini-2.5-flash", "google", "gemini-2.5-flash", "prefix:google"),
        ("google", "gemini-2.0-flash-001", "google", "gemini-2.0-flash", "alias"),
        ("", "claude-3-5-sonnet-v2@20241022", "anthropic", "claude-3-5-sonnet", "snapshot"),
        ("mistral", "mistral-large-latest", "mistral", "mistral-large", "alias"),
        ("", "azure/gpt-4o", "openai", "gpt-4o", "reseller:openai"),
        ("azure", "azure/swedencentral/gpt-4o-2024-11-20", "openai", "gpt-4o", "reseller:openai"),
        ("", "azure/eu/gpt-4o", "openai", "gpt-4o", "reseller:openai"),
        ("", "azure/o4-mini", "azure", "o4-mini", "prefix:azure"),
        ("azure", "gpt-4o", "openai", "gpt-4o", "reseller:openai"),
        ("", "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "aws", BEDROCK_HAIKU, "prefix:bedrock"),
        ("", "bedrock/us-east-1/anthropic.claude-3-haiku-20240307-v1:0", "aws", BEDROCK_HAIKU, "prefix:bedrock"),
        ("", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", BEDROCK_SONNET, "prefix:bedrock"),
        ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", BEDROCK_SONNET, "alias"),
        (
            "aws",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            BEDROCK_SONNET,
            "prefix:aws",
        ),
        ("", "vertex_ai/gemini-2.5-pro", "google", "gemini-2.5-pro", "prefix:vertex_ai"),
        ("", "vertex_ai/claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5", "prefix:vertex_ai"),
        (
            "",
            "openrouter/anthropic/claude-sonnet-4.5",
            "openrouter",
            "anthropic/claude-sonnet-4.5",
            "prefix:openrouter",
        ),
        ("", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai", "ft:gpt-4o-mini", "alias"),
        # What follows a known name without changing its price.
        ("google", "gemini-1.5-pro-002", "google", "gemini-1.5-pro", "alias"),
        ("google", "gemini-2.0-flash-lite-001", "google", "gemini-2.0-flash-lite", "alias"),
        ("google", "gemini-2.5-flash-lite-preview-06-17", "google", "gemini-2.5-flash-lite", "alias"),
        ("google", "claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5", "snapshot"),
        ("google", "claude-3-opus@us-east5", "google", "claude-3-opus", "alias"),
        ("google", "claude-3-opus@default", "google", "claude-3-opus", "alias"),
        ("aws", "us.amazon.nova-pro-v1:0", "aws", "amazon.nova-pro-v1:0", "alias"),
        ("aws", "amazon.nova-pro", "aws", "amazon.nova-pro-v1:0", "alias"),
        ("aws", "mistral.mistral-7b-instruct-v0:2", "aws", "mistral.mistral-7b-instruct-v0:2", "exact"),
        ("aws", "global.anthropic.claude-opus-5-v1:0", "aws", "global.anthropic.claude-opus-5", "alias"),
        (
            "aws",
            "us.anthropic.claude-opus-4-5-20251101-v1:0",
            "aws",
            "regional.anthropic.claude-opus-4-5-v1:0",
            "snapshot",
        ),
        ("anthropic", "claude-2.0", "anthropic", "claude-2", "alias"),
        ("anthropic", "claude-2.1", "anthropic", "claude-2", "alias"),
        ("anthropic", "claude-3-5-sonnet-20241022-v2:0", "anthropic", "claude-3-5-sonnet", "snapshot"),
        ("mistral", "magistral-medium-2506", "mistral", "magistral-medium", "alias"),
        ("openai", "gpt-3.5-turbo-instruct-0914", "openai", "gpt-3.5-turbo-instruct", "alias"),
        ("openai", "computer-use-preview-2025-03-11", "openai", "computer-use", "snapshot"),
        ("", "bedrock/converse/us.amazon.nova-pro-v1:0", "aws", "amazon.nova-pro-v1:0", "prefix:bedrock"),
        ("", "bedrock/us-gov-west-1/amazon.nova-pro-v1:0", "aws", "amazon.nova-pro-v1:0", "prefix:bedrock"),
        ("", "vertex_ai/us-central1/gemini-2.5-pro", "google", "gemini-2.5-pro", "prefix:vertex_ai"),
        ("", "vertex_ai/northamerica-northeast1/gemini-2.5-pro", "google", "gemini-2.5-pro", "prefix:vertex_ai"),
    ],
)
def test_known_names(names: Names, provider: str, model: str, owner: str, entry: str, how: str) -> None:
    found = names.find(provider, model)
    assert found is not None
    assert (found.entry.provider, found.entry.model, found.how) == (owner, entry, how)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-4-5-thinking-ultra"),
        ("", "claude-sonnet-4-5-thinking-ultra"),
        ("", "gemini-9-pro"),
        ("", "gpt-5-ultra"),
        ("openai", "gpt-5-ultra"),
        ("openai", "gpt-4o-turbo"),
        ("openai", "not-gpt-4o"),
        ("openai", "gpt-6"),
        ("anthropic", "gpt-4o"),
        ("", "azure/gpt-5-ultra"),
        ("", "bedrock/anthropic.claude-9-ultra-v1:0"),
        ("", "us.anthropic.claude-9-ultra-v1:0"),
        ("", "ft:gpt-9-mini:acme::abc"),
        ("", "openrouter/anthropic/claude-99"),
        ("", "llama-2-70b"),
        ("", ""),
        ("", "   "),
        ("", "/"),
        ("", "a" * 5000),
        ("", "."),
        ("openai", "../" * 200),
        ("nobody", "gpt-4o-mini-x"),
        # A number that is no date and no version the catalogue knows is a new generation, at a price of its own.
        ("deepseek", "deepseek-chat-v9"),
        ("", "deepseek-chat-v9"),
        ("aws", "amazon.nova-pro-v9:0"),
        ("aws", "us.amazon.nova-pro-v2:0"),
        ("aws", "amazon.nova-pro-v1:7"),
        ("google", "gemini-2.5-pro-9"),
        ("", "gemini-2.5-pro-9"),
        ("google", "gemini-2.0-flash-lite-9"),
        ("google", "gemini-1.5-pro-200k"),
        ("google", "gemini-1.5-pro.2"),
        ("anthropic", "claude-2.9"),
        ("anthropic", "claude-2-5"),
        ("anthropic", "claude-3-opus-2"),
        ("anthropic", "claude-3-opus:2"),
        ("anthropic", "claude-sonnet-4-5-9"),
        ("anthropic", "claude-3-opus-0613"),
        ("mistral", "magistral-medium-2513"),
        ("mistral", "magistral-medium-2"),
        ("openai", "gpt-3.5-turbo-instruct-1399"),
        ("openai", "computer-use-2"),
        ("google", "claude-3-opus@evil"),
        ("google", "claude-3-opus@us-ultra"),
        # A path segment that is no region and no provider belongs to the name.
        ("", "azure/evil/gpt-4o"),
        ("azure", "azure/evil/gpt-4o"),
        ("azure", "evil/o4-mini"),
        ("", "azure/us9/gpt-4o"),
        ("", "bedrock/evil/amazon.nova-pro-v1:0"),
        ("", "bedrock/xx-evil-1/amazon.nova-pro-v1:0"),
        ("", "vertex_ai/gpt/gemini-2.5-pro"),
        ("google", "evil/gemini-1.5-pro"),
        ("aws", "evil.claude-3-haiku-20240307-v1:0"),
    ],
)
def test_unknown_names_are_no_match(names: Names, provider: str, model: str) -> None:
    assert names.find(provider, model) is None


def small(*entries: Entry) -> Names:
    return Names(Layer("own", "test", entries))


def make(provider: str, model: str, *aliases: str) -> Entry:
    return Entry(provider, model, (Prices({"input": Rate(1)}),), aliases=aliases)


def test_a_layer_without_patterns() -> None:
    names = small(make("openai", "gpt-x", "gx"), make("acme", "m"), make("other", "m"))
    for provider, model, how in (
        ("openai", "gpt-x", "exact"),
        ("", "GX", "alias"),
        ("", "gpt-x", "exact"),
        ("openai", "gpt-x-2024-05-13", "snapshot"),
        ("", "gpt-x-20240513", "snapshot"),
        ("", "openai/gpt-x", "prefix:openai"),
    ):
        found = names.find(provider, model)
        assert found is not None, model
        assert (found.entry.model, found.how) == ("gpt-x", how)
    assert names.find("", "m") is None, "two providers own the name"
    assert names.find("acme", "m") is not None
    assert names.find("azure", "gpt-x") is None, "another provider has another price"
    assert names.find("", "gpt-x-mini") is None
    assert sorted(names.names()) == ["gpt-x", "gx", "m"]


def test_provider_and_model_as_tables_print_them() -> None:
    """Of providers that no log calls by another name, too, and with slashes in either."""
    names = small(make("hf_novita", "deepseek/r1"), make("a/b", "c"), make("acme", "m"), make("other", "m"))
    for name, provider, model in (
        ("hf_novita/deepseek/r1", "hf_novita", "deepseek/r1"), ("A/B/C", "a/b", "c"), ("acme/m", "acme", "m"),
    ):  # fmt: skip
        found = names.find("", name)
        assert found is not None, name
        assert (found.entry.provider, found.entry.model, found.how) == (provider, model, f"prefix:{provider}")
    for provider, name in (("", "acme/n"), ("", "nobody/m"), ("other", "acme/m")):
        assert names.find(provider, name) is None
