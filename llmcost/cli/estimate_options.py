"""What the options of `llmcost estimate` mean: models, terms of the calls, inputs, and who counts."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from functools import cache
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.declared import PROMPTS_FILE
from llmcost.cli.environment import Env
from llmcost.cli.period import filters
from llmcost.core.errors import DataError, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from llmcost.cli.declared import Declared
    from llmcost.estimate.find import Input
    from llmcost.estimate.models import Model
    from llmcost.estimate.reading import Reader
    from llmcost.estimate.terms import Calls, Terms, Told, Where
    from llmcost.estimate.traffic import Traffic
    from llmcost.ledger.protocol import Ledger
    from llmcost.tokens.counter import Count
    from llmcost.tokens.prompt import Prompt

CallsOption = Annotated[
    str | None,
    typer.Option("--calls", metavar="N", help="How often each prompt is sent: 20000 or 20k.", show_default=False),
]
PerOption = Annotated[
    str | None,
    typer.Option("--per", metavar="day|month", help="What --calls counts by; a month.", show_default=False),
]
#: `llmcost.tokens.calibration.FILE`, whose module is only loaded where there is such a file.
RATIOS_FILE = "token-ratios.json"
_LENGTH_HINT = "write a number (500, 1k), mean, p50 or p90"
_UNITS = {"": 1, "k": 10**3, "m": 10**6}
#: More questions than a person would wait for, one after the other.
MOST_ASKED = 1_000


def not_empty(options: Mapping[str, str | None]) -> None:
    """That no option was given an empty value: an unset shell variable must not mean that there is no option."""
    for name, value in options.items():
        if value is not None and not value.strip():
            raise UsageError(f"--{name} is empty", "give it a value or leave it out")


def tier_of(tier: str, *, batch: bool) -> str:
    from llmcost.core.record import TIERS

    if tier not in TIERS:
        raise UsageError(f"unknown tier {tier!r}{nearest(tier, TIERS)}", f"use one of {', '.join(TIERS)}")
    if not batch:
        return tier
    if tier not in {"standard", "batch"}:
        raise UsageError(f"--batch and --tier {tier} exclude each other", "keep one of them")
    return "batch"


def calls_of(calls: str | None, per: str | None) -> Calls | None:
    from llmcost.estimate.terms import Calls

    if per is not None and per not in {"day", "month"}:
        raise UsageError(f"unknown --per {per!r}", "use day or month")
    if calls is None:
        if per is not None:
            raise UsageError(f"--per {per} without --calls", f"write --calls 20000 --per {per}")
        return None
    times = whole(calls, "--calls", "write a whole number: 20000, 20,000 or 20k")
    if not times:
        raise UsageError(f"--calls {calls!r} is none", "leave it out where it is not known")
    return Calls(times, per or "month")


def whole(text: str, option: str, hint: str) -> int:
    """`10000`, `10,000`, `10_000`, `10k` or `1.5M` as a number.

    Raises:
        UsageError: it is none, or has a fraction, or is more than anybody counts.
    """
    from fractions import Fraction

    from llmcost.core.usage import MAX_TOKENS

    found = re.fullmatch(r"([0-9][0-9_,]{0,30}(?:\.[0-9]{1,9})?)([km]?)", text.strip(), re.IGNORECASE)
    number = Fraction(re.sub("[_,]", "", found[1])) * _UNITS[found[2].lower()] if found else Fraction(1, 2)
    if number.denominator != 1:
        raise UsageError(f"{option} {text[:60]!r} is not a whole number", hint)
    if number > MAX_TOKENS:
        raise UsageError(f"implausible number: {text[:60]}", "check the number of digits")
    return number.numerator


def told_of(
    env: Env,
    output_tokens: str,
    app: str,
    where: list[str] | None,
    cached_share: str,
    calls: Calls | None,
    variables: list[str],
    declared: Declared | None,
) -> Told:
    """What the options and prompts.yaml say of each prompt; the ledger is opened where they ask for it.

    Raises:
        DataError: the ledger has no row of those that --app and --where select.
    """
    from llmcost.estimate.terms import DAYS, LENGTHS, Terms, Told, share

    selected = _selected(app, where)
    length = output_tokens if output_tokens in LENGTHS else ""
    options = Terms(
        output_tokens=None if length or not output_tokens else whole(output_tokens, "--output-tokens", _LENGTH_HINT),
        cached_share=share(cached_share) if cached_share else None,
        calls=calls,
        where=selected,
        variables=tuple(map(_variable, variables)),
    )
    asked = bool(length or selected)
    measure = measure_in(env, asked=asked) if asked or declared is not None else None
    told = Told(options, declared=declared.calls if declared else None, length=length, measure=measure)
    if selected and told.measured(selected) is None:
        rows = ", ".join(f"{dimension}={value}" for dimension, value in selected)
        raise DataError(
            f"the ledger has no whole request of {rows} in the last {DAYS} days",
            "check the spelling with `llmcost report --by app`, or ingest its log",
        )
    return told


def _selected(app: str, where: list[str] | None) -> Where:
    from llmcost.core.record import dimension

    pairs = tuple((dimension(name), value) for name, value in filters(where))
    return (("app", app), *pairs) if app else pairs


def _variable(text: str) -> tuple[str, str]:
    from llmcost.tokens.decode import read_file

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--var {text!r} is not NAME=TEXT", "write --var name=Ada or --var document=@file.txt")
    return name.strip(), read_file(Path(value[1:])).text if value.startswith("@") else value


def measure_in(env: Env, *, asked: bool) -> Callable[[Where], Traffic | None]:
    """Asks the ledger, which is opened once and closed with the command; `asked`: there has to be one."""

    @cache
    def ledger() -> Ledger | None:
        if not asked and not env.ledger_path.is_file():
            return None
        return env.resources.enter_context(closing(env.open_ledger()))

    def measure(where: Where) -> Traffic | None:
        from llmcost.estimate.terms import DAYS
        from llmcost.estimate.traffic import measured

        opened = ledger()
        return None if opened is None else measured(opened, where, now_us=env.now_us, days=DAYS)

    return measure


class Models:
    """The models of an estimate: those named, all, or each request's own."""

    def __init__(self, env: Env, tier: str, provider: str, options: Terms) -> None:
        self._env, self._tier, self._provider = env, tier, provider
        self._share = options.cached_share
        self._known: dict[str, Model] = {}
        self._remarks: dict[str, None] = {}

    def chosen(self, names: list[str], *, every: bool) -> list[Model]:
        """Those named, or every text model; empty when neither is asked for.

        Raises:
            UsageError: one has no price, or no rate for cached input where --cached-share needs it.
        """
        from llmcost.estimate.models import every_model

        if not every:
            for name in names:
                if "," in name and self._env.book.resolve(self._provider, name, self._tier) is None:
                    each = " ".join(f"-m {quote(one.strip())}" for one in name.split(",") if one.strip())
                    raise UsageError(f"--model takes one name, not {name!r}", f"give it once for each: {each}")
            return [self._named(name, "--model") for name in dict.fromkeys(names)]
        if names:
            raise UsageError("--all and --model exclude each other", "keep one of them")
        models = every_model(self._env.book, self._tier, self._env.now_us, provider=self._provider)
        without = sum(not model.discounts_cached for model in models)
        if self._share and without:
            self._remarks[f"{without:,} of {len(models):,} models have no cheaper rate for cached input"] = None
        return models

    def of_request(self, prompt: Prompt, terms: Terms) -> Model:
        """The model for a prompt when none is named: its own, the one prompts.yaml declares, or the default."""
        from llmcost.estimate.models import DEFAULT_MODEL, DEFAULT_REASON

        if prompt.model:
            return self._named(prompt.model, "the request's own `model`")
        if terms.model:
            return self._named(terms.model, PROMPTS_FILE)
        self._remarks[f"model: {DEFAULT_REASON}"] = None
        return self._named(DEFAULT_MODEL, "the default model")

    def remarks(self) -> list[str]:
        return list(self._remarks)

    def _named(self, name: str, named_by: str) -> Model:
        from llmcost.estimate.models import priced_model

        if name in self._known:
            return self._known[name]
        env = self._env
        model = priced_model(env.book, name, self._tier, env.now_us, provider=self._provider, named_by=named_by)
        if self._share and not model.discounts_cached:
            raise UsageError(
                f"model {name!r} has no cheaper rate for cached input"
                + (f" at tier {self._tier}" if self._tier != "standard" else ""),
                "leave --cached-share out: what comes from a cache costs as much as other input",
            )
        self._known[name] = model
        return model


def inputs_of(paths: list[str], reader: Reader, *, ignored: bool) -> tuple[Iterable[Input[Prompt]], Mapping[str, int]]:
    """The prompts to estimate, and what is skipped on the way to them (filled in while they are read)."""
    from llmcost.estimate.find import Found, Input

    if "-" in paths or (not paths and not sys.stdin.isatty()):
        if len(paths) > 1:
            raise UsageError("- stands for standard input and cannot be mixed with paths", "give either")
        return (Input("-", "", prompt) for prompt in reader("-", sys.stdin.buffer)), {}
    if not paths:
        raise UsageError("nothing to estimate", "name files or folders, or - for standard input")
    found = Found(paths, reader, ignored=ignored)
    return found, found.skipped


def few(env: Env, inputs: Iterable[Input[Prompt]], models: list[Model]) -> Iterable[Input[Prompt]]:
    """The inputs, when they are few enough to ask a provider about each for each of `models` (none: its own).

    Raises:
        UsageError: they are more than `MOST_ASKED`, or nobody can be asked about a model.
    """
    from llmcost.estimate.estimate import locally
    from llmcost.tokens.remote import ready

    times = max(len(models), 1)
    held = list(islice(inputs, MOST_ASKED // times + 1))
    if len(held) * times > MOST_ASKED:
        raise UsageError(
            f"--exact would ask a provider more than {MOST_ASKED:,} times",
            "name fewer prompts or models, or leave it out",
        )
    for model in models if held else ():
        if not locally(held[0].prompt, model).exact:
            ready(model.priced.card.provider, env.environ)
    env.note(f"--exact: at most {len(held) * times:,} questions to the provider, one after the other")
    return held


def counter(env: Env, *, exact: bool, every: bool) -> Callable[[Prompt, Model], Count]:
    """Counts a prompt for a model: here, and by its provider where `exact` asks for it and we only estimate."""
    from functools import partial

    from llmcost.estimate.estimate import locally

    here: Callable[[Prompt, Model], Count] = locally
    if (learned := env.folder("config") / RATIOS_FILE).is_file():
        from llmcost.tokens.calibration import load

        here = partial(locally, ratios=load(learned))
    if not exact:
        return here
    if every:
        raise UsageError("--exact with --all would ask for every model there is", "name the models with --model")

    def asking(prompt: Prompt, model: Model) -> Count:
        from llmcost.tokens.remote import exact_count

        counted = here(prompt, model)
        if counted.exact:
            return counted
        return exact_count(prompt, model.priced.card.model, model.priced.card.provider, env.environ)

    return asking
