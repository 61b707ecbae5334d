"""Settings and their precedence, the clock, the streams and the file of `--output`."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmcost.cli.environment import SETTINGS, Env, Setting, expanded, local_zone, write_whole
from llmcost.core.errors import ConfigError, UsageError
from llmcost.core.instants import to_us
from tests.run import llmcost


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def config(home: Path, text: str) -> Path:
    path = home / ".config" / "llmcost" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", SETTINGS)
def test_option_over_environment_over_file_over_default(
    name: str, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = {"ledger": f"{isolated}/.local/share/llmcost/ledger.db", "tz": "UTC"}.get(name, "")
    assert Env({}).setting(name) == Setting(default, "default")
    path = config(isolated, f'{name} = "from-file"\n')
    assert Env({}).setting(name) == Setting("from-file", f"file {path}")
    monkeypatch.setenv(SETTINGS[name], "from-environment")
    assert Env({}).setting(name) == Setting("from-environment", f"environment {SETTINGS[name]}")
    assert Env({name: "from-option"}).setting(name) == Setting("from-option", "option")
    monkeypatch.setenv(SETTINGS[name], "")
    assert Env({}).setting(name).value == "from-file"


def test_the_configuration_file_can_be_named(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(isolated, 'tz = "Asia/Tokyo"\n')
    other = isolated / "other.toml"
    other.write_text('tz = "Europe/Paris"\n')
    monkeypatch.setenv("LLMCOST_CONFIG", str(other))
    assert Env({}).setting("tz") == Setting("Europe/Paris", f"file {other}")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('legder = "x"\n', "unknown key 'legder'; did you mean 'ledger'?"),
        ("ledger = 3\n", "ledger must be text on one line, not 3"),
        ('tz = ["UTC"]\n', "tz must be text on one line, not ['UTC']"),
        ('ledger = "a\\u0000b"\n', "ledger must be text on one line, not 'a\\x00b'"),
        ("ledger = \n", "Invalid value (at line 1, column 10)"),
        ("[ledger]\nx = 1\n", "ledger must be text on one line, not {'x': 1}"),
    ],
)
def test_a_bad_configuration_file_names_itself(text: str, error: str, isolated: Path) -> None:
    path = config(isolated, text)
    ran = llmcost("config", "show")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {path}: {error}\nhint: ")


def test_a_configuration_file_that_is_not_text(isolated: Path) -> None:
    config(isolated, "").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        Env({}).setting("tz")


@pytest.mark.parametrize(
    ("tz", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        (":/usr/share/zoneinfo/Asia/Shanghai", "Asia/Shanghai"),
        ("/usr/share/zoneinfo/posix/UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        (":/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/somewhere/else", "UTC"),
    ],
)
def test_the_zone_of_the_environment(tz: str, zone: str) -> None:
    assert local_zone({"TZ": tz}) == zone


def test_the_zone_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "zoneinfo" / "America" / "Lima"
    file.parent.mkdir(parents=True)
    file.touch()
    link = tmp_path / "localtime"
    link.symlink_to(file)
    assert local_zone({}, link) == "America/Lima"
    assert local_zone({"TZ": ""}, link) == "America/Lima"
    assert local_zone({}, tmp_path / "nothing") == "UTC"


def test_an_unknown_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (["--tz", "Mars/Base"], []):
        monkeypatch.setenv("LLMCOST_TZ", "" if arguments else "Mars/Base")
        ran = llmcost("requests", *arguments)
        assert ran.code == 2
        assert ran.err.startswith("error: unknown time zone 'Mars/Base'\nhint: ")


def test_now_can_be_said() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    expected = to_us(datetime(2026, 11, 24, 9, 30, tzinfo=berlin))
    assert Env({"as_of": "2026-11-24T09:30", "tz": "Europe/Berlin"}).now_us == expected
    assert Env({"as_of": "2026-11-24T08:30:00Z"}).now_us == expected
    with pytest.raises(UsageError, match="not a time: 'later'"):
        _ = Env({"as_of": "later"}).now_us
    before = to_us(datetime.now(UTC))
    assert before <= Env({}).now_us <= to_us(datetime.now(UTC))


def test_folders(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    env = {"HOME": "/h"}
    assert Env({}, env).folder("data") == Path("/h/.local/share/llmcost")
    assert Env({}, env).folder("config") == Path("/h/.config/llmcost")
    assert Env({}, env).folder("cache") == Path("/h/.cache/llmcost")
    assert Env({}, {**env, "XDG_CACHE_HOME": "/c"}).folder("cache") == Path("/c/llmcost")
    monkeypatch.setattr("sys.platform", "darwin")
    assert Env({}, env).folder("data") == Path("/h/Library/Application Support/llmcost")
    assert Env({}, env).folder("cache") == Path("/h/Library/Caches/llmcost")
    monkeypatch.setattr("sys.platform", "win32")
    assert Env({}, {**env, "APPDATA": "/a", "LOCALAPPDATA": "/l"}).folder("config") == Path("/a/llmcost")
    assert Env({}, {**env, "APPDATA": "/a", "LOCALAPPDATA": "/l"}).folder("data") == Path("/l/llmcost")


def test_paths_of_a_person(isolated: Path) -> None:
    assert expanded("~/x.db") == isolated / "x.db"
    assert Env({"ledger": "~/x.db"}).ledger_path == isolated / "x.db"
    with pytest.raises(UsageError, match="no home folder for '~nobody-of-this-name/x'"):
        expanded("~nobody-of-this-name/x")


def test_price_layers_in_order(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = isolated / ".config" / "llmcost" / "pricing.yaml"
    user.parent.mkdir(parents=True)
    for path in (user, isolated / "pricing.yaml", isolated / "named.yaml"):
        path.write_text("version: 1\n")
    assert Env({"prices": "named.yaml"}).price_layers() == [
        ("--prices", Path("named.yaml")), ("./pricing.yaml", Path("pricing.yaml")), ("user", user),
    ]  # fmt: skip
    monkeypatch.setenv("LLMCOST_PRICES", "named.yaml")
    assert Env({}).price_layers()[0] == ("prices", Path("named.yaml"))
    monkeypatch.setenv("LLMCOST_PRICES", "gone.yaml")
    with pytest.raises(UsageError) as caught:
        Env({}).price_layers()
    assert caught.value.message == "no such price file: gone.yaml"
    assert caught.value.hint == "check `prices` in the environment LLMCOST_PRICES"
    with pytest.raises(UsageError) as caught:
        Env({"prices": "gone.yaml"}).price_layers()
    assert caught.value.hint == "check --prices"


def test_formats() -> None:
    assert Env({}).choose_format("table", "json") == "table"
    assert Env({}).choose_format("jsonl", "csv") == "jsonl"
    assert Env({"json": True}).choose_format("table", "json") == "json"
    assert Env({"format": "csv"}).choose_format("table", "csv") == "csv"
    with pytest.raises(UsageError) as caught:
        Env({"format": "cvs"}).choose_format("table", "csv")
    assert caught.value.message == "unknown format 'cvs'; did you mean 'csv'?"
    assert caught.value.hint == "use one of table, csv"
    with pytest.raises(UsageError, match="unknown format 'table'"):
        Env({"format": "table"}).choose_format("jsonl", "csv")


@pytest.mark.parametrize("command", [
    ["requests"], ["export"], ["reprice"], ["report"], ["config", "show"], ["prices", "list"], ["prices", "check"],
    ["prices", "show", "m"], ["prices", "diff", "a", "b"], ["prices", "add", "m", "--input", "1"], ["ledger", "info"],
    ["ledger", "check"], ["ledger", "undo", "1"], ["ledger", "forget", "--user", "u"], ["ledger", "backup", "f"],
    ["scorecard"],
])  # fmt: skip
def test_every_command_refuses_an_unknown_format(command: list[str], isolated: Path) -> None:
    ran = llmcost(*command, "--format", "xslx")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: unknown format 'xslx'")
    assert "\nhint: use one of " in ran.err
    assert not any(isolated.rglob("*.db"))
    assert not (isolated / "f").exists()


def test_color_and_width_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "93")
    base = {"HOME": "/h", "TERM": "xterm"}

    def env(given: dict[str, Any] | None = None, environ: dict[str, str] | None = None) -> Env:
        return Env(given or {}, {**base, **(environ or {})}, Terminal(), Terminal())

    assert env().color
    assert env().width == 93
    assert env({"output": "-"}).color
    for given, environ in (({"no_color": True}, {}), ({}, {"NO_COLOR": "1"}), ({}, {"TERM": "dumb"})):
        assert not env(given, environ).color
        assert env(given, environ).width == 93
    assert not env({"output": "f"}).color
    assert env({"output": "f"}).width is None
    piped = Env({}, base, io.StringIO(), io.StringIO())
    assert not piped.color
    assert piped.width is None
    assert not piped.interactive
    assert env().interactive
    assert not env({"quiet": True}).interactive


def test_remarks_go_to_stderr_unless_quiet() -> None:
    err = io.StringIO()
    Env({}, {}, io.StringIO(), err).note("a\x1b[2Jb")
    Env({"quiet": True}, {}, io.StringIO(), err).note("unheard")
    assert err.getvalue() == "a\ufffd[2Jb\n"


def test_nothing_emitted_commands_a_terminal() -> None:
    hostile = "a\x1b[2Jb\x9bc\u202ed\ud800e\tf\ng"
    shown = "a\ufffd[2Jb\ufffdc\ufffdd\ufffde\tf\ng\n"
    out = io.StringIO()
    Env({}, {}, out).emit(hostile)
    assert out.getvalue() == shown
    out = Terminal()
    Env({"no_color": True}, {}, out).emit(hostile)
    assert out.getvalue() == shown
    out = Terminal()
    Env({}, {}, out).emit("\x1b[1mbold\x1b[0m\x9b")
    assert out.getvalue() == "\x1b[1mbold\x1b[0m\ufffd\n"
    out = io.StringIO()
    Env({"json": True}, {}, out).emit('{"a": "\x7f\x9b\u202e\ud800 \u00e9"}')
    assert out.getvalue() == '{"a": "\\u007f\\u009b\\u202e\\ud800 \u00e9"}\n'


def test_a_file_appears_whole_or_not_at_all(isolated: Path) -> None:
    target = isolated / "out.txt"
    env = Env({"output": "out.txt"}, {}, io.StringIO())
    env.emit_all(["a\n", "b\n"])
    assert target.read_text() == "a\nb\n"
    target.chmod(0o640)

    def breaking() -> Iterator[str]:
        yield "c\n"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        env.emit_all(breaking())
    assert target.read_text() == "a\nb\n"
    env.emit("d")
    assert target.read_text() == "d\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in isolated.iterdir()] == ["out.txt"]


def test_a_link_stays_a_link(isolated: Path) -> None:
    (isolated / "real").mkdir()
    (isolated / "real" / "f").write_text("old")
    link = isolated / "link"
    link.symlink_to("real/f")
    write_whole(link, ["new"])
    assert link.is_symlink()
    assert (isolated / "real" / "f").read_text() == "new"
    dangling = isolated / "dangling"
    dangling.symlink_to("real/g")
    write_whole(dangling, ["new"])
    assert (isolated / "real" / "g").read_text() == "new"


def test_a_device_is_written_not_replaced(tmp_path: Path) -> None:
    if os.path.exists("/dev/null"):  # noqa: PTH110
        write_whole(Path("/dev/null"), ["gone"])
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_where_no_file_can_be() -> None:
    for path, what in (("/", "is a folder"), ("nowhere/f", "is in no folder that exists")):
        with pytest.raises(UsageError) as caught:
            write_whole(Path(path), ["x"])
        assert caught.value.message == f"--output {path} {what}"


def test_a_full_disk_leaves_the_old_file(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (isolated / "f").write_text("old")

    def full() -> Iterator[str]:
        yield "new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space") as caught:
        write_whole(isolated / "f", full())
    assert caught.value.filename == str(isolated / "f")
    assert (isolated / "f").read_text() == "old"
    assert len(list(isolated.iterdir())) == 1


def test_output_before_and_after_the_command(isolated: Path) -> None:
    for line in (["-o", "a.json", "config", "show", "--json"], ["config", "--json", "show", "--output", "b.json"]):
        ran = llmcost(*line)
        assert ran == (0, "", "")
    assert (isolated / "a.json").read_text() == (isolated / "b.json").read_text()
    assert (isolated / "a.json").read_text().endswith("}\n")
    assert llmcost("config", "show", "--json", "-o", "-").out == (isolated / "a.json").read_text()
