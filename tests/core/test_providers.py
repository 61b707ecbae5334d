import pytest

from llmcost.core.providers import canonical_provider, known_provider


@pytest.mark.parametrize(
    ("name", "expected"),
    [("openai", "openai"), (" OpenAI ", "openai"), ("azure.ai.openai", "azure"), ("az.ai.openai", "azure"),
     ("claude", "anthropic"), ("aws.bedrock", "aws"), ("bedrock", "aws"), ("gcp.vertex_ai", "google"),
     ("vertex_ai", "google"), ("gcp.gemini", "google"), ("mistral_ai", "mistral"), ("xai", "x-ai"), ("z.ai", "zai"),
     ("moonshot", "moonshotai"), ("github_copilot", "github-copilot"), ("deepseek", "deepseek")],
)  # fmt: skip
def test_spellings_of_a_provider_are_one(name: str, expected: str) -> None:
    assert canonical_provider(name) == expected
    assert known_provider(name) == expected
    assert canonical_provider(expected) == expected


@pytest.mark.parametrize("name", ["", "My-Gateway", "openai2", "open ai"])
def test_an_unknown_provider_keeps_its_name(name: str) -> None:
    assert canonical_provider(name) == name.lower()
    assert known_provider(name) is None
