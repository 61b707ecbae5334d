"""One table of provider names: the catalogue's ids, OpenTelemetry's `gen_ai.provider.name`, and what logs say.

A request has one identity whatever log it came from, so every source passes its provider through here.
"""

from __future__ import annotations

#: catalogue id -> every other name seen for it (OpenTelemetry semantic conventions 1.38 first).
_NAMES: dict[str, tuple[str, ...]] = {
    "openai": ("openai", "open_ai", "openai-chat", "openai_chat", "text-completion-openai"),
    "azure": ("azure.ai.openai", "azure.ai.inference", "az.ai.openai", "azure_openai", "azure_ai", "azure_text"),
    "anthropic": ("anthropic", "claude"),
    "aws": ("aws.bedrock", "bedrock", "bedrock_converse", "amazon", "amazon_bedrock", "sagemaker"),
    "google": (
        "gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai", "gemini", "vertex_ai", "vertex", "vertexai",
        "google_genai", "google-vertex", "google-gla", "googleai", "palm",
    ),
    "mistral": ("mistral_ai", "mistralai"),
    "x-ai": ("x_ai", "xai", "grok"),
    "cohere": ("cohere", "cohere_chat"),
    "deepseek": ("deepseek",),
    "groq": ("groq",),
    "perplexity": ("perplexity",),
    "moonshotai": ("moonshot_ai", "moonshot"),
    "together": ("together_ai", "togetherai"),
    "fireworks": ("fireworks_ai",),
    "openrouter": ("openrouter",),
    "zhipuai": ("zhipu",),
    "zai": ("z.ai", "z-ai"),
    "github-copilot": ("github_copilot", "copilot"),
}  # fmt: skip

_CANONICAL = {alias: name for name, aliases in _NAMES.items() for alias in (name, *aliases)}


def canonical_provider(name: str) -> str:
    """The catalogue's id for any spelling of a provider; an unknown one lower-cased and kept."""
    lowered = name.strip().lower()
    return _CANONICAL.get(lowered, lowered)


def known_provider(name: str) -> str | None:
    """The catalogue's id, or None when `name` is no provider we know by name."""
    return _CANONICAL.get(name.strip().lower())
