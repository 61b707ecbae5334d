"""What the ledger teaches about token counts: billed tokens of requests beside their texts."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from llmcost.ingest.texts import Known, Texts
from llmcost.ledger.protocol import Ledger, Query, StoredRequest
from llmcost.tokens.calibration import LEAST_TOKENS, Sample, learn
from llmcost.tokens.others import ratio_family
from llmcost.tokens.ratios import LEAST, Band, band


class Line(NamedTuple):
    """One ratio: what was learned, and what an estimate would use without it."""

    provider: str
    family: str
    kind: str
    learned: Band
    before: Band


class Calibration(NamedTuple):
    lines: tuple[Line, ...]
    texts: int
    """Different texts in the files."""
    matched: int
    """Requests of the ledger whose text is among them."""
    left_out: Counter[str]
    """Why a matched request teaches nothing -> how many."""


def calibrate(ledger: Ledger, texts: Texts, *, least: int = LEAST) -> Calibration:
    """Learn from every request of `ledger` whose text is among `texts`; a ratio of fewer texts has no bounds."""
    left_out: Counter[str] = Counter()
    samples: list[Sample] = []
    matched = 0
    bounds = ledger.bounds()
    query = Query(bounds[0], bounds[1] + 1) if bounds else None
    for row in ledger.requests(query, order="time", limit=None) if query else ():
        known = texts.of(row)
        if known is None:
            continue
        matched += 1
        sample = _sample(row, known)
        if isinstance(sample, str):
            left_out[sample] += 1
        elif sample.ratio is None:
            left_out["billed for far more or less than the text"] += 1
        else:
            samples.append(sample)
    families = {(sample.provider, sample.family.name): sample.family for sample in samples}
    lines = [
        Line(provider, family, kind, learned, band(families[provider, family].vocabulary, kind))
        for (provider, family, kind), learned in learn(samples, least).items()
    ]
    return Calibration(tuple(lines), len(texts), matched, left_out)


def _sample(row: StoredRequest, known: Known) -> Sample | str:
    """The request as a sample, or why it is none."""
    record = row.priced.record
    usage = record.usage
    if record.status != "ok" or record.partial or record.cache_hit or not usage.input_total:
        return "failed, unfinished, answered from a cache, or without input tokens"
    if not known.whole or usage.input_audio or usage.cached_audio or usage.input_image or usage.web_searches:
        return "with images, audio, tools or parts that are not counted"
    family = ratio_family(record.model, record.provider)
    if family is None:
        return "of models that are counted by their own encoding"
    if known.tokens < LEAST_TOKENS:
        return f"of fewer than {LEAST_TOKENS} tokens"
    return Sample(record.provider, family, known.kind, known.number, known.tokens, known.roles, usage.input_total)
