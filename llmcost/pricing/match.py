"""Which price entry a model name means, and how it was matched. A prefix of an unknown name is no match."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import NamedTuple

from llmcost.core.providers import canonical_provider, known_provider
from llmcost.pricing.entry import Entry, Layer, Pattern

#: What may follow a known name without changing its price. Any other number is a new generation, not a version.
_DATE = r"(?:[-@.](?:20\d{6}|20\d\d-\d\d-\d\d|\d{2}-20\d\d))"
_MOVING = r"(?:[-@](?:default|latest))"
_REGION = r"(?:@(?:us|eu|global|asia)(?:-(?:north|south|east|west|central)+\d{0,2})?)"
_PREVIEW = r"(?:-(?:preview|exp)-(?:\d\d-\d\d(?:-20\d\d)?|20\d\d-\d\d-\d\d|\d{4}))"
#: Snapshots in one vendor's own spelling, by the provider of the entry.
_SNAPSHOTS = {
    "google": r"(?:-00\d|-(?:0[1-9]|1[0-2])-[0-3]\d)",  # stable versions -001, -002; previews -05-06
    "mistral": r"(?:-2\d(?:0[1-9]|1[0-2]))",  # year and month: -2407
    "openai": r"(?:-(?:0[1-9]|1[0-2])[0-3]\d)",  # month and day: -0613, -1106
    "moonshotai": r"(?:-(?:0[1-9]|1[0-2])[0-3]\d)",  # -0127
}
#: Bedrock: a dated name and the revision of its packaging, `-20250929-v1:0`.
_DATED_REVISION = rf"(?:{_DATE}-v\d:0)"
_REVISION_AT_END = re.compile(r"(?:-v\d+)?(?::\d+)?$")
#: Numbers that are no new generation: Claude 2.0 and 2.1 cost what the catalogue's `claude-2` says
#: (https://www.anthropic.com/news/claude-2-1), and there is one Mixtral 8x7B (https://mistral.ai/news/mixtral-of-experts).
_SAME_PRICE = {
    "claude-2": (".0", ".1"), "claude-v2": (":1",), "mixtral-8x7b": ("-v0.1",),
    "claude-3-5-sonnet": ("-v2", "-v2@20241022"),
}  # fmt: skip
_DATED = re.compile(rf"(?:{_DATE}|{_PREVIEW})")
_FINE_TUNE = re.compile(r"[-0-9a-z.]{0,24}:[^\s]{0,120}")
_VENDORS = "anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai|google|writer|nvidia|minimax|moonshotai|zai"
#: What may stand before it: a cloud's geography and the vendor, or a path.
_LEAD = re.compile(rf"(?:(?:us|eu|apac|jp|au|ca|sa|in|global|us-gov)\.)?(?:(?:{_VENDORS})\.)?")
_WAY = r"north|south|east|west|central"
_COUNTRY = (
    "us|canada|brazil|mexico|chile|europe|uk|france|germany|norway|poland|spain|italy|sweden|switzerland|austria|belgium|denmark"
    "|israel|qatar|uae|southafrica|australia|newzealand|japan|korea|india|asia|indonesia|malaysia|taiwan"
)
#: Regions as AWS (us-east-1, us-gov-west-1), Google (us-central1, europe-west4, northamerica-northeast1), Azure
#: (eastus2, swedencentral) and LiteLLM's routes write them.
_REGION_SEGMENT = re.compile(
    rf"(?:us|eu|apac|asia|global|global-standard|converse|invoke"
    rf"|[a-z]{{2}}(?:-gov|-isob?)?-(?:{_WAY})(?:{_WAY})?-?\d{{1,2}}"
    rf"|(?:europe|asia|africa|australia|northamerica|southamerica)-(?:{_WAY})(?:{_WAY})?\d{{1,2}}"
    rf"|(?:{_WAY}){{1,2}}(?:{_COUNTRY})\d?|(?:{_COUNTRY})(?:{_WAY}){{1,2}}\d?)/"
)
_RESOURCE = re.compile(r"^(?:.*/)?models/|^arn:[^/]*/|^publishers/[^/]+/models/")
_DATE_AT_END = re.compile(rf"(?P<stem>.+?)(?:{_DATE})$")


class Match(NamedTuple):
    entry: Entry
    how: str
    """exact, alias, snapshot (dated), prefix:PROVIDER, reseller:PROVIDER."""


class Names:
    """An index over one layer's entries."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._exact: dict[tuple[str, str], Entry] = {}
        self._alias: dict[tuple[str, str], Entry] = {}
        self._loose: dict[str, list[Entry]] = {}
        for entry in layer.entries:
            self._exact.setdefault((entry.provider, entry.model.lower()), entry)
            for alias in entry.aliases:
                self._alias.setdefault((entry.provider, alias.lower()), entry)
            if entry.patterns:
                self._loose.setdefault(entry.provider, []).append(entry)

    @cached_property
    def _providers(self) -> frozenset[str]:
        return frozenset(entry.provider for entry in self.layer.entries)

    @cached_property
    def _by_model(self) -> dict[str, list[Entry]]:
        """Entries by name whatever their provider; most names are found without."""
        by_model: dict[str, list[Entry]] = {}
        for entry in self.layer.entries:
            for name in (entry.model, *entry.aliases):
                by_model.setdefault(name.lower(), []).append(entry)
        return by_model

    def find(self, provider: str, model: str) -> Match | None:
        """The entry for `model` as `provider` (may be empty) serves it."""
        name = model.strip().lower()
        if not name:
            return None
        provider = canonical_provider(provider) if provider else ""
        if provider and (found := self._in_provider(provider, name)):
            return found
        stripped = _RESOURCE.sub("", name)
        if provider and stripped != name and (found := self._in_provider(provider, stripped)):
            return Match(found.entry, f"prefix:{provider}")
        if found := self._with_prefix(name):
            return found
        if provider:
            return self._resold(provider, stripped)
        return self._listed(name) or self._bare(stripped)

    def _in_provider(self, provider: str, name: str) -> Match | None:
        if entry := self._exact.get((provider, name)):
            return Match(entry, "exact")
        if entry := self._alias.get((provider, name)):
            return Match(entry, "alias")
        if dated := _DATE_AT_END.match(name):
            stem = dated["stem"]
            if entry := self._exact.get((provider, stem)) or self._alias.get((provider, stem)):
                return Match(entry, "snapshot")
        best: tuple[int, Entry, str] | None = None
        for entry in self._loose.get(provider, ()):
            for pattern in entry.patterns:
                left = _leftover(pattern, name, entry)
                if left is not None and (best is None or len(left) < best[0]):
                    best = (len(left), entry, left)
        if best is None:
            return None
        return Match(best[1], "snapshot" if _DATED.search(best[2]) else "alias")

    def _with_prefix(self, name: str) -> Match | None:
        """`azure/gpt-4o`, `bedrock/us-east-1/anthropic.claude-…`, `openrouter/openai/gpt-4o`, `ft:…`."""
        head, slash, rest = name.partition("/")
        if slash and (provider := known_provider(head)):
            region = _REGION_SEGMENT.match(rest)
            for candidate in (rest, rest[region.end() :] if region else ""):
                if candidate and (found := self._in_provider(provider, candidate)):
                    return Match(found.entry, f"prefix:{head}")
                if candidate and (found := self._resold(provider, candidate)):
                    return found
        if "." in name and not slash:
            vendor = name.split(".")[-2]
            if vendor in _BEDROCK_VENDORS and (found := self._in_provider("aws", name)):
                return Match(found.entry, "prefix:bedrock")
        return None

    def _listed(self, name: str) -> Match | None:
        """`novita/deepseek/deepseek-r1`: PROVIDER/MODEL as tables of models print them, whoever the provider is."""
        for at in (at for at, sign in enumerate(name) if sign == "/"):
            if name[:at] in self._providers and (found := self._in_provider(name[:at], name[at + 1 :])):
                return Match(found.entry, f"prefix:{name[:at]}")
        return None

    def _resold(self, provider: str, name: str) -> Match | None:
        for other in self.layer.fallbacks.get(provider, ()):
            if found := self._in_provider(other, name):
                return Match(found.entry, f"reseller:{other}")
        return None

    def _bare(self, name: str) -> Match | None:
        if name.startswith("ft:"):
            return self._in_provider("openai", name)
        for provider, patterns in self.layer.provider_models:
            if any(_holds(pattern, name) for pattern in patterns):
                return self._in_provider(provider, name)
        owners = {entry.provider: entry for entry in self._by_model.get(name, ())}
        if not owners and (dated := _DATE_AT_END.match(name)):
            owners = {entry.provider: entry for entry in self._by_model.get(dated["stem"], ())}
        return self._in_provider(next(iter(owners)), name) if len(owners) == 1 else None

    def called(self, model: str) -> list[Entry]:
        """The entries that have the name, whosesoever."""
        return self._by_model.get(model.strip().lower(), [])

    def names(self) -> list[str]:
        return list(self._by_model)


_BEDROCK_VENDORS = frozenset({"anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "qwen", "openai"})


def _holds(pattern: Pattern, name: str) -> bool:
    if not all(re.search(regex, name) for regex in pattern.also):
        return False
    match pattern.how:
        case "starts":
            return name.startswith(pattern.text)
        case "ends":
            return name.endswith(pattern.text)
        case "contains":
            return pattern.text in name
        case "regex":
            return re.search(pattern.text, name) is not None


def _leftover(pattern: Pattern, name: str, entry: Entry) -> str | None:
    """The text of `name` that `pattern` does not account for, when it cannot change the price; else None."""
    if not _holds(pattern, name):
        return None
    if pattern.how == "regex":
        found = re.search(pattern.text, name)
        before, after = (name[: found.start()], name[found.end() :]) if found else ("", "")
        if pattern.text.startswith("^") and pattern.text.endswith("$"):
            return ""
    else:
        where = name.rfind(pattern.text) if pattern.how == "ends" else name.find(pattern.text)
        before, after = name[:where], name[where + len(pattern.text) :]
    if before and not _lead(before):
        return None
    if pattern.text.startswith("ft:"):
        return before + after if _FINE_TUNE.fullmatch(after) else None
    if pattern.text.endswith(("-", "@")) and after:
        after = pattern.text[-1] + after
    elif pattern.text.endswith("-0") and after:
        after = "-0" + after  # "gemini-2.0-flash-0" is the beginning of a revision
    if after in _SAME_PRICE.get(pattern.text, ()) or _suffix(entry.provider, entry.model, pattern.text).fullmatch(
        after
    ):
        return before + after
    return None


def _lead(before: str) -> bool:
    """Whether the text before a known name is a cloud's geography and vendor, or a path of providers and regions."""
    *path, last = before.split("/")
    if not path:
        return _LEAD.fullmatch(last) is not None
    return not last and all(known_provider(part) or _REGION_SEGMENT.fullmatch(f"{part}/") for part in path)


@lru_cache(maxsize=4096)
def _suffix(provider: str, model: str, known: str) -> re.Pattern[str]:
    """What may follow `known`, a part of `model`: the model's own revision (`-v1:0`) is no new one."""
    end = _REVISION_AT_END.search(model)
    revision = end[0] if end else ""
    revisions = {revision, revision.partition(":")[0] + ":0"} if revision.startswith("-v") else {revision}
    if re.search(r"-v\d+$", known):
        revisions = {":0"}
    own = "|".join(re.escape(text) for text in sorted(revisions) if text) or r"(?!)"
    snapshot = _SNAPSHOTS.get(provider, r"(?!)")
    return re.compile(rf"(?:{_DATED_REVISION}|{_DATE}|{_MOVING}|{_REGION}|{_PREVIEW}|{snapshot}){{0,3}}(?:{own})?")
