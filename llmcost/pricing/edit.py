"""Adding a price to a pricing.yaml as text: comments, order and layout of what is there stay as they are."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

from llmcost.core.errors import ConfigError
from llmcost.core.providers import canonical_provider
from llmcost.pricing.yaml_book import MODEL_KEYS, PRICE_KEYS, RATE_BUCKETS, compile_yaml
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Mapping, Node, Sequence, Span, decode, parse, read_bytes

_HEADER = "# Prices of your own; format: docs/pricing.md. USD per million tokens.\nversion: 1\nmodels:\n"
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_NEGATIVE = re.compile(rf"-{_AMOUNT.pattern}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*")
_BY_HAND = "edit the file by hand, or write this entry as indented `key: value` lines that start with `model:`"


def add_price(
    path: Path,
    model: str,
    provider: str,
    *,
    input: str | None = None,  # noqa: A002 - named like the file's key
    output: str | None = None,
    cached_input: str | None = None,
    cache_write: str | None = None,
    cache_write_1h: str | None = None,
    valid_from: str | None = None,
    source: str = "",
    checked: str = "",
) -> None:
    """Add a price (decimal texts, USD per million tokens) to `path`, which is created if absent.

    A model that is already there gets a dated price: the open one is closed at `valid_from`; one that starts at
    that very moment is replaced; one that starts later ends the new price. The file is replaced in one step,
    and only if the result is valid.

    Raises:
        ConfigError: the file or the result breaks a rule, or its layout is not one this edits.
    """
    given = {
        "input": input, "cached_input": cached_input, "cache_write": cache_write,
        "cache_write_1h": cache_write_1h, "output": output,
    }  # fmt: skip
    rates = [f"{key}: {_amount(key, value)}" for key, value in given.items() if value is not None]
    about = {"source": source, "checked": checked}
    if valid_from:
        _moment(valid_from)
    target = path.resolve()
    text = decode(read_bytes(target), str(path)) if target.exists() else _HEADER
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    before = compile_yaml(text, str(path), name="edited")
    editor = _Editor(text, str(path))
    existing = editor.find(canonical_provider(provider), model)
    if existing is None:
        lines = [f"model: {_quoted(model)}", f"provider: {_quoted(provider)}"]
        lines += [f"{key}: {_quoted(value)}" for key, value in about.items() if value]
        lines += [f"valid_from: {_quoted(valid_from)}"] if valid_from else []
        editor.append_model(lines + rates)
    else:
        if not valid_from:
            raise ConfigError(
                f"{path}:{existing.span.line}: model {model!r} already has a price",
                "say from when the new one holds: --valid-from DATE",
            )
        editor.add_dated(existing, rates, valid_from)
        editor.update(existing, about)
    result = editor.result()
    after = compile_yaml(result, str(path), name="edited")
    name = (canonical_provider(provider), model.lower())
    kept = [entry for entry in before.entries if (entry.provider, entry.model.lower()) != name]
    if kept != [entry for entry in after.entries if (entry.provider, entry.model.lower()) != name]:
        raise ConfigError(f"{path}: adding {model!r} would change another entry", _BY_HAND)
    _replace(target, result.replace("\n", newline))


def _amount(key: str, text: str) -> str:
    amount = text.strip()
    if _NEGATIVE.fullmatch(amount):
        raise ConfigError(f"{key!r} cannot be negative: {amount[:40]!r}", "write zero or more")
    if not _AMOUNT.fullmatch(amount):
        raise ConfigError(f"{key!r} is not a number: {text[:40]!r}", "write USD per million tokens: 2.50")
    return amount


def _moment(text: str) -> int:
    fields = Fields(parse(f"valid_from: {_quoted(text)}", ""), "", ("valid_from",), "a price")
    try:
        return fields.moment("valid_from") or 0
    except ConfigError as error:
        raise ConfigError(f"'valid_from' is not a time: {text[:40]!r}", error.hint) from None


def _quoted(text: str) -> str:
    return (
        text if _PLAIN.fullmatch(text) and not text.replace(".", "").isdigit() else json.dumps(text, ensure_ascii=False)
    )


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}", "check the folder's permissions") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise ConfigError(f"cannot write {path}: {error.strerror or error}", "check permissions and space") from None


class _Editor:
    """Line edits of one text, collected against its original line numbers and applied from the bottom up."""

    def __init__(self, text: str, origin: str) -> None:
        self._lines = text.split("\n")
        self._origin = origin
        self._edits: list[tuple[int, int, list[str]]] = []
        self._top = Fields(parse(text, origin), origin, ("version", "models"), "a price file")

    def result(self) -> str:
        lines = list(self._lines)
        for start, stop, new in sorted(self._edits, key=lambda edit: edit[:2], reverse=True):
            lines[start:stop] = new
        text = "\n".join(lines)
        return text if text.endswith("\n") else text + "\n"

    def find(self, provider: str, model: str) -> Mapping | None:
        for node in self._top.items("models"):
            fields = Fields(node, self._origin, MODEL_KEYS, "a model")
            same = canonical_provider(fields.required("provider")) == provider
            if same and fields.required("model").lower() == model.lower():
                return fields.node
        return None

    def append_model(self, lines: list[str]) -> None:
        models = self._top.get("models")
        if isinstance(models, Sequence) and models.items:
            if models.span.flow:
                raise self._refuse(models.span)
            at = models.span.last_line
            self._edits.append((at, at, ["", *_block(lines, _dash(self._lines, models.items[0]))]))
        elif "models" in self._top.node.keys:
            at = self._top.line_of("models")
            self._edits.append((at - 1, at, ["models:", *_block(lines, 2)]))
        else:
            self._edits.append((len(self._lines), len(self._lines), ["models:", *_block(lines, 2)]))

    def add_dated(self, model: Mapping, rates: list[str], valid_from: str) -> None:
        if model.span.flow or next(iter(model.keys)) != "model":
            raise self._refuse(model.span)
        prices = model.values.get("prices")
        if prices is None:
            prices_lines, single = self._direct(model)
            listed: list[Node] = [single]
        else:
            if not isinstance(prices, Sequence) or prices.span.flow:
                raise self._refuse(prices.span)
            prices_lines, listed = [], list(prices.items)
        start = _moment(valid_from)
        new = [f"valid_from: {_quoted(valid_from)}", *rates]
        for node in listed:
            fields = Fields(node, self._origin, PRICE_KEYS, "a price")
            begins = fields.moment("valid_from")
            if fields.has("valid_to") or fields.has("hours"):
                continue
            if begins is not None and begins > start:
                new.insert(1, f"valid_to: {_quoted(fields.text('valid_from') or '')}")
            elif begins == start:
                self._replace_price(model, node, new, direct=prices is None)
                return
            elif prices is None:
                prices_lines.insert(0, f"valid_to: {_quoted(valid_from)}")
            else:
                self._close(fields.node, valid_from)
        if prices is None:
            indent = model.span.column
            block = [" " * indent + "prices:", *_block(prices_lines, indent + 2), *_block(new, indent + 2)]
            at = model.span.last_line
            self._edits.append((at, at, block))
        else:
            at = prices.span.last_line
            self._edits.append((at, at, _block(new, _dash(self._lines, listed[0]))))

    def update(self, model: Mapping, about: dict[str, str]) -> None:
        for key, value in about.items():
            if value and key in model.keys:
                span = model.values[key].span
                line = self._lines[span.line - 1]
                if span.line == span.last_line:
                    changed = line[: span.column] + _quoted(value) + line[span.last_column :]
                    self._edits.append((span.line - 1, span.line, [changed]))
            elif value:
                at = model.values["model"].span.last_line
                self._edits.append((at, at, [" " * model.span.column + f"{key}: {_quoted(value)}"]))

    def _direct(self, model: Mapping) -> tuple[list[str], Mapping]:
        """Take the price keys out of a model that carries its one price itself; returns their lines, unindented."""
        keys = [key for key in model.keys if key in PRICE_KEYS]
        taken: list[str] = []
        for key in keys:
            start, stop = model.keys[key].line - 1, model.values[key].span.last_line
            taken += [line[model.span.column :] for line in self._lines[start:stop]]
            self._edits.append((start, stop, []))
        return taken, Mapping({k: model.values[k] for k in keys}, {k: model.keys[k] for k in keys}, model.span)

    def _replace_price(self, model: Mapping, node: Node, new: list[str], *, direct: bool) -> None:
        if direct:
            at = max(
                model.values[key].span.last_line for key in model.keys if key in RATE_BUCKETS or key == "valid_from"
            )
            indent = " " * model.span.column
            self._edits.append((at, at, [indent + line for line in new]))
            return
        span = node.span
        dash = _dash(self._lines, node)
        self._edits.append((span.line - 1, span.last_line, _block(new, dash)))

    def _close(self, price: Mapping, moment: str) -> None:
        span = price.span
        if span.flow:
            line = self._lines[span.last_line - 1]
            closed = (
                line[: span.last_column - 1].rstrip() + f", valid_to: {_quoted(moment)}" + line[span.last_column - 1 :]
            )
            self._edits.append((span.last_line - 1, span.last_line, [closed]))
        else:
            at = next(iter(price.values.values())).span.last_line
            self._edits.append((at, at, [" " * span.column + f"valid_to: {_quoted(moment)}"]))

    def _refuse(self, span: Span) -> ConfigError:
        return ConfigError(f"{self._origin}:{span.line}: this entry's layout cannot be edited automatically", _BY_HAND)


def _dash(lines: list[str], item: Node) -> int:
    line = lines[item.span.line - 1]
    return len(line) - len(line.lstrip())


def _block(lines: list[str], dash: int) -> list[str]:
    return [" " * dash + ("- " if index == 0 else "  ") + line for index, line in enumerate(lines)]
