"""Where tools keep their logs."""

from pathlib import Path

from llmcost.ingest.installed import installed


def made(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}\n")


def found(home: Path, **environ: str) -> dict[str, list[str]]:
    return {tool.source: [str(path.relative_to(home)) for path in tool.files] for tool in installed(home, environ)}


def test_nothing_is_installed(isolated: Path) -> None:
    assert installed(isolated, {}) == []


def test_every_tool_where_it_usually_is(isolated: Path) -> None:
    logs = {
        "claude-code": [".claude/projects/p/s.jsonl", ".config/claude/projects/p/t.jsonl"],
        "codex": [".codex/archived_sessions/r.jsonl", ".codex/sessions/2026/10/03/r.jsonl"],
        "gemini-cli": [".gemini/tmp/h/chats/session-1.json", ".gemini/tmp/h/chats/session-2.jsonl"],
        "qwen-code": [".qwen/projects/p/chats/c.jsonl"],
        "copilot-cli": [".copilot/otel/copilot-otel-1.jsonl"],
        "opencode": [
            ".local/share/opencode/opencode-beta.db",
            ".local/share/opencode/opencode.db",
            ".local/share/opencode/storage/message/ses_1/msg_1.json",
        ],
        "llm": [".config/io.datasette.llm/logs.db"],
    }
    made(*(name for names in logs.values() for name in names))
    made(".copilot/session-state/s/events.jsonl", ".claude/settings.json", ".claude/projects/p/notes.md",
         ".gemini/tmp/h/logs.json", ".qwen/projects/p/x.json",
         ".local/share/opencode/auth.json", ".config/io.datasette.llm/keys.json")  # fmt: skip
    assert found(isolated) == logs


def test_homes_of_one_s_own(isolated: Path) -> None:
    made("x/sessions/a.jsonl", ".codex/sessions/b.jsonl", "conf/io.datasette.llm/logs.db", "one/projects/a.jsonl")
    assert found(
        isolated, CODEX_HOME=f"{isolated}/x", XDG_CONFIG_HOME=f"{isolated}/conf", CLAUDE_CONFIG_DIR="~/one, ,/nowhere"
    ) == {
        "claude-code": ["one/projects/a.jsonl"],
        "codex": ["x/sessions/a.jsonl"],
        "llm": ["conf/io.datasette.llm/logs.db"],
    }  # fmt: skip
