"""What a command runs in: settings with their origin, the clock, the streams, the ledger and the price book."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from llmcost.cli.wrapped import wrapped
from llmcost.core.errors import ConfigError, UsageError, nearest
from llmcost.core.instants import parse_when, to_us, zone_named

if TYPE_CHECKING:
    from llmcost.ingest.attribution import Rules
    from llmcost.ledger.sqlite import SqliteLedger
    from llmcost.pricing.book import PriceBook

APP_NAME = "llmcost"


class Setting(NamedTuple):
    """A value and where it came from: option, environment, file or default."""

    value: str
    origin: str


#: What tables, bars and charts are drawn with, for a stdout that has no such characters.
_PLAIN = str.maketrans(
    {"─": "-", "…": "...", "→": "->", "×": "x", "▒": "=", "░": "-", "·": ".", **dict.fromkeys("█▉▊▋▌▍▎▏", "#")}
)

#: setting -> environment variable; the names are also the keys of the configuration file.
SETTINGS = {
    "ledger": "LLMCOST_LEDGER",
    "prices": "LLMCOST_PRICES",
    "tz": "LLMCOST_TZ",
    "as_of": "LLMCOST_AS_OF",
    "budgets": "LLMCOST_BUDGETS",
}

#: The one key of the configuration file that is no setting.
_RULES = "attribution"


def _folder(kind: str, environ: Mapping[str, str], home: Path) -> Path:
    """The platform's folder for `kind` (data, config, cache), without importing a library for it."""
    override = {"data": "XDG_DATA_HOME", "config": "XDG_CONFIG_HOME", "cache": "XDG_CACHE_HOME"}[kind]
    if environ.get(override):
        return Path(environ[override]) / APP_NAME
    if sys.platform == "darwin":
        library = {"data": "Application Support", "config": "Application Support", "cache": "Caches"}[kind]
        return home / "Library" / library / APP_NAME
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA" if kind != "config" else "APPDATA")
        return (Path(base) if base else home / "AppData" / "Local") / APP_NAME
    unix = {"data": ".local/share", "config": ".config", "cache": ".cache"}[kind]
    return home / unix / APP_NAME


def local_zone(environ: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str:
    """The IANA name of this machine's zone, UTC when it has none."""
    named = environ.get("TZ", "").removeprefix(":")
    if named and not named.startswith("/"):
        return _plain(named)
    try:
        target = named or str(localtime.resolve())
    except OSError:
        return "UTC"
    _, found, name = target.partition("zoneinfo/")
    return _plain(name.removeprefix("posix/")) if found and (named or "/" in name) else "UTC"


def _plain(zone: str) -> str:
    """One name for UTC: many machines call it Etc/UTC."""
    return "UTC" if zone == "Etc/UTC" else zone


#: What a terminal could take for a command, and what UTF-8 cannot hold; line ends and tabs are ours.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_COLOR = "\x1b"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass
class Env:
    """Everything a command takes from outside. Only floor 6 makes one; floors below get plain values."""

    given: dict[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    resources: ExitStack = field(default_factory=ExitStack, init=False)
    """Closed when the command ends."""
    _own_format: str = field(default="table", init=False)

    @cached_property
    def home(self) -> Path:
        return Path(self.environ.get("HOME") or Path.home())

    def folder(self, kind: str) -> Path:
        return _folder(kind, self.environ, self.home)

    @cached_property
    def config_file(self) -> Path:
        named = self.environ.get("LLMCOST_CONFIG")
        return Path(named) if named else self.folder("config") / "config.toml"

    @cached_property
    def _config(self) -> dict[str, Any]:
        """What the configuration file holds."""
        path = self.config_file
        if not path.is_file():
            return {}
        import tomllib

        try:
            return tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}", "check its permissions") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}", "correct the file, or remove it") from None

    @cached_property
    def _file_settings(self) -> dict[str, str]:
        path, values = self.config_file, {key: value for key, value in self._config.items() if key != _RULES}
        for key, value in values.items():
            if key not in SETTINGS:
                raise ConfigError(
                    f"{path}: unknown key {key!r}{nearest(key, (*SETTINGS, _RULES))}",
                    f"use one of {', '.join((*SETTINGS, _RULES))}",
                )
            if not isinstance(value, str) or _UNSAFE.search(value):
                raise ConfigError(f"{path}: {key} must be text on one line, not {value!r}", f'write {key} = "…"')
        return values

    @cached_property
    def rules(self) -> Rules:
        """Whose a request is where its log does not say: the configuration file's rules."""
        from llmcost.ingest.attribution import parse_rules

        # The settings beside them are looked at as well: a misspelt key is none of theirs.
        _ = self._file_settings
        return parse_rules(self._config.get(_RULES, []), str(self.config_file), str(self.home))

    def setting(self, name: str) -> Setting:
        """Option over environment over file over default."""
        option = self.given.get(name)
        if option:
            return Setting(str(option), "option")
        variable = SETTINGS[name]
        if self.environ.get(variable):
            return Setting(self.environ[variable], f"environment {variable}")
        if name in self._file_settings:
            return Setting(self._file_settings[name], f"file {self.config_file}")
        return Setting(self._default(name), "default")

    def _default(self, name: str) -> str:
        if name == "ledger":
            return str(self.folder("data") / "ledger.db")
        if name == "tz":
            return local_zone(self.environ)
        return ""

    @cached_property
    def zone(self) -> tzinfo:
        return zone_named(self.setting("tz").value)

    @cached_property
    def now_us(self) -> int:
        """Now, or `--as-of`: the one place that reads the clock."""
        given = self.setting("as_of").value
        return parse_when(given, self.zone) if given else to_us(datetime.now(UTC))

    @cached_property
    def ledger_path(self) -> Path:
        return expanded(self.setting("ledger").value)

    def open_ledger(self, *, write: bool = False) -> SqliteLedger:
        """The ledger. The caller closes it (`contextlib.closing`)."""
        from llmcost.ledger.sqlite import SqliteLedger

        return SqliteLedger(self.ledger_path, write=write)

    def price_layers(self) -> list[tuple[str, Path]]:
        """Price files in order of authority, below which come the packaged book and the catalogue."""
        layers: list[tuple[str, Path]] = []
        setting = self.setting("prices")
        if setting.value:
            named = expanded(setting.value)
            if not named.is_file():
                where = "--prices" if setting.origin == "option" else f"`prices` in the {setting.origin}"
                raise UsageError(f"no such price file: {named}", f"check {where}")
            layers.append(("--prices" if setting.origin == "option" else "prices", named))
        for name, path in (("./pricing.yaml", Path("pricing.yaml")), ("user", self.user_prices)):
            if path.is_file():
                layers.append((name, path))
        return layers

    @cached_property
    def user_prices(self) -> Path:
        """The user's own price overrides, which `prices add` writes."""
        return self.folder("config") / "pricing.yaml"

    @cached_property
    def book(self) -> PriceBook:
        from llmcost.pricing.store import load_book

        return load_book(self.price_layers(), cache_dir=self.folder("cache"))

    @property
    def format(self) -> str:
        """The output format asked for, or the command's own."""
        if self.given.get("json"):
            return "json"
        return str(self.given.get("format") or self._own_format)

    def choose_format(self, *known: str) -> str:
        """The output format asked for; without one, the first of `known`.

        Raises:
            UsageError: this command does not write it.
        """
        self._own_format = known[0]
        if self.format not in known:
            raise UsageError(
                f"unknown format {self.format!r}{nearest(self.format, known)}", f"use one of {', '.join(known)}"
            )
        return self.format

    @property
    def quiet(self) -> bool:
        return bool(self.given.get("quiet"))

    @property
    def interactive(self) -> bool:
        """Whether progress may be drawn: a terminal that nobody silenced."""
        return self.stderr.isatty() and not self.quiet

    @property
    def color(self) -> bool:
        return (
            self.stdout.isatty()
            and self._target is None
            and not self.given.get("no_color")
            and not self.environ.get("NO_COLOR")
            and self.environ.get("TERM") != "dumb"
        )

    @cached_property
    def width(self) -> int | None:
        """Columns of the terminal; None when stdout is none, where no cell may be cut."""
        if self._target is not None or not self.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size((80, 24)).columns

    @cached_property
    def _target(self) -> Path | None:
        """The file of `--output`; None for stdout."""
        target = self.given.get("output")
        return expanded(target) if target and target != "-" else None

    def emit(self, text: str) -> None:
        """Data, to `--output` or stdout, with one line end."""
        self.emit_all([text if text.endswith("\n") else text + "\n"])

    def emit_all(self, texts: Iterable[str]) -> None:
        """Data piece by piece. A file appears whole or not at all, whatever fails on the way."""
        safe = map(self._safe, texts)
        if self._target is not None:
            write_whole(self._target, safe)
            return
        for text in safe:
            self._write(text)
        self.stdout.flush()

    def emit_bytes(self, content: bytes) -> None:
        """Data that is no text, to `--output` or a stdout that is no terminal.

        Raises:
            UsageError: stdout is a terminal.
        """
        if self._target is not None:
            write_bytes(self._target, content)
            return
        if self.stdout.isatty():
            raise UsageError(f"--format {self.format} is no text for a terminal", "add --output FILE")
        self.stdout.flush()
        buffer = getattr(self.stdout, "buffer", None)
        if buffer is None:
            raise UsageError(f"--format {self.format} cannot be written here", "add --output FILE")
        buffer.write(content)
        buffer.flush()

    def _safe(self, text: str) -> str:
        """No text from a log commands the terminal, whatever a format let through."""
        if self.format.startswith("json"):
            return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        keep = _COLOR if self.color else ""
        return _UNSAFE.sub(lambda match: match[0] if match[0] == keep else "\ufffd", text)

    def _write(self, text: str) -> None:
        try:
            self.stdout.write(text)
        except UnicodeEncodeError:
            if self.format.startswith("json"):
                self.stdout.write(_NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))
                return
            encoding = self.stdout.encoding or "ascii"
            self.stdout.write(text.translate(_PLAIN).encode(encoding, "replace").decode(encoding))

    def note(self, text: str) -> None:
        """A remark or warning, to stderr unless --quiet."""
        if not self.quiet:
            self.stderr.write(wrapped(_UNSAFE.sub("\ufffd", text), self.stderr) + "\n")
            self.stderr.flush()

    def note_compacted(self, ledger: SqliteLedger, start: int) -> None:
        """Say so where rows from `start` on (microseconds UTC) are not all there."""
        since = ledger.raw_since()
        if since is not None and start < since:
            from llmcost.core.instants import from_us

            day = from_us(since).strftime("%Y-%m-%d")
            self.note(f"rows before {day} (UTC) were compacted and are not among these; `report` has their totals")


def expanded(text: str) -> Path:
    """A path a person wrote, `~` and `~name` understood."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"no home folder for {text!r}", "write the whole path") from None


def write_whole(path: Path, texts: Iterable[str]) -> None:
    """Write a file in one step; a device or pipe, which cannot be replaced, is written as it comes.

    Raises:
        UsageError: the folder does not exist, or the path is one.
    """
    _write_file(path, (text.encode() for text in texts))


def write_bytes(path: Path, content: bytes) -> None:
    """As `write_whole`."""
    _write_file(path, [content])


def _write_file(path: Path, pieces: Iterable[bytes]) -> None:
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else "is in no folder that exists"
        raise UsageError(f"--output {path} {what}", "name a file in a folder that exists")
    if path.exists() and not path.is_file():
        # Unbuffered: nothing is left to be flushed, which could wait for ever, when an interrupt ends it.
        with path.open("wb", buffering=0) as stream:
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[stream.write(rest) :]
        return
    path = path.resolve()
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as stream:
            stream.writelines(pieces)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except FileExistsError:
        raise UsageError(f"{temporary} exists", "another process is writing, or one was killed: remove it") from None
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None
        raise
