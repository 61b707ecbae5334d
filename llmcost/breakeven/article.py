"""The break-even claim of the article llmcost grew from, with its units put right. USD, exact.

The article's table gives a "cost of 1M tokens" that is the price of 1M input tokens and 1M output tokens together, two
million; and "about $0.5" for its own GPU, which is the cost of a token on one A100 that is busy all the time.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from llmcost.breakeven.traffic import HOURS_MONTH, SECONDS_MONTH

GPU_HOUR = Fraction(3, 2)
"""The article's A100."""
FULL_PER_MILLION = Fraction(1, 2)
"""The article's "about $0.5 (high concurrency)"."""
WEIGHTS_GB = 140
"""70B parameters of 2 bytes each: more than one A100 of 80 GB holds."""
GPU_GB = 80
STAFF_MONTH = Fraction(220_000, 24)
"""Half an engineer: the assumption of gpus.yaml for hosting."""
LOWER, UPPER = 100 * 10**6, 500 * 10**6
"""Below the first the article says the API is cheaper, above the second the cluster; tokens a month."""


class ArticleModel(NamedTuple):
    name: str
    input_per_million: Fraction
    output_per_million: Fraction

    @property
    def printed(self) -> Fraction:
        """What the article calls the cost of 1M tokens: that of 1M in and 1M out."""
        return self.input_per_million + self.output_per_million

    @property
    def per_million(self) -> Fraction:
        """Per 1M tokens, half of them input."""
        return self.printed / 2


MODELS = (
    ArticleModel("GPT-4 Turbo", Fraction(10), Fraction(30)),
    ArticleModel("GPT-3.5 Turbo", Fraction(1, 2), Fraction(3, 2)),
    ArticleModel("Llama-2-70B (AWS)", Fraction(1), Fraction(1)),
)


class Cluster(NamedTuple):
    """GPUs that run all month, together as fast as the article's full one."""

    gpus: int

    @property
    def month(self) -> Fraction:
        return self.gpus * GPU_HOUR * HOURS_MONTH

    @property
    def tokens_per_second(self) -> Fraction:
        """$/h / 3600 / ($ per token): the rate at which one GPU's tokens cost what the article says."""
        return GPU_HOUR / 3600 / (FULL_PER_MILLION / 10**6)

    @property
    def full_month(self) -> Fraction:
        """Tokens of a month without a pause."""
        return self.tokens_per_second * SECONDS_MONTH

    def per_million(self, tokens: int) -> Fraction:
        """USD per 1M tokens at that many a month: idle time is paid for, too."""
        return self.month / tokens * 10**6

    def utilisation(self, tokens: int) -> Fraction:
        return tokens / self.full_month

    def break_even(self, model: ArticleModel) -> Fraction | None:
        """Tokens a month above which the GPUs are cheaper; None where they are full before that."""
        tokens = self.month / model.per_million * 10**6
        return tokens if tokens < self.full_month else None

    def gpu_hour_for(self, model: ArticleModel, tokens: int) -> Fraction:
        """USD a GPU may cost an hour for the two to cost the same at that volume."""
        return model.per_million * tokens / 10**6 / (self.gpus * HOURS_MONTH)


#: As the article has it, and what holds the model.
CLUSTERS = (Cluster(1), Cluster(ceil(Fraction(WEIGHTS_GB, GPU_GB))))
