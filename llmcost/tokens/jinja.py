"""Jinja templates of unknown origin: rendered in a process of their own, sandboxed and with limits of time and memory.

The sandbox keeps a template from Python's internals (https://jinja.palletsprojects.com/en/stable/sandbox/), which also
says that it cannot bound what a template uses; the operating system does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.tokens.decode import MAX_BYTES

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 5
_MEMORY = 768 * 2**20
#: Of an error of Jinja's, which may quote the template.
_LONGEST = 200
_CHILD = (
    "import sys; sys.path[:] = sys.argv[1:]; from llmcost.tokens.jinja import answer;"
    "sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))"
)


class Output(NamedTuple):
    text: str
    missing: tuple[str, ...]
    """Variables that were used and not given, in order of use."""
    shown: dict[str, int]
    """How often each of the variables without a text was put out."""


def render(template: str, texts: Mapping[str, str], sizes: tuple[str, ...], folder: Path | None) -> Output:
    """`template` with the variables `texts`; those named in `sizes` exist and are shown as nothing.

    `folder`: where `include`, `import` and `extends` may read; None: nowhere.

    Raises:
        UsageError: the template is wrong, does what a prompt has no need of, or takes too much time or memory.
    """
    question = json.dumps([template, dict(texts), list(sizes), str(folder.resolve()) if folder else None])
    command = [sys.executable, "-I", "-c", _CHILD, *filter(None, sys.path)]
    try:
        done = subprocess.run(  # noqa: S603 - this Python, and our own text
            command, input=question.encode(), capture_output=True, timeout=2 * SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _error(f"takes more than {SECONDS} seconds") from None
    if done.returncode != 0:
        # The limit of processor time ends the process with a signal, as lack of memory may.
        raise _error(f"takes more than {SECONDS} seconds or {_MEMORY // 2**20} MiB")
    found = json.loads(done.stdout)
    if isinstance(found, str):
        raise _error(found)
    text, missing, shown = found
    return Output(text, tuple(missing), shown)


def _error(what: str) -> UsageError:
    return UsageError(f"the template cannot be rendered: {what}", "correct it, or give its rendered text instead")


def variables(template: str) -> tuple[str, ...]:
    """The variables a template uses and does not set itself, in order of appearance; nothing is executed.

    Raises:
        UsageError: it is no valid template.
    """
    from jinja2 import TemplateError, nodes

    try:
        names = list(_environment(None).parse(template).find_all(nodes.Name))
    except (TemplateError, RecursionError) as error:
        raise _error(_shown(error)) from None
    bound = {name.name for name in names if name.ctx != "load"} | {
        "loop",
        "caller",
        "range",
        "dict",
        "namespace",
        "self",
    }
    return tuple(dict.fromkeys(name.name for name in names if name.name not in bound))


def answer(question: bytes) -> bytes:
    """In the process of its own: the JSON of [text, missing, shown], or of what is wrong."""
    _limit()
    template, texts, sizes, folder = json.loads(question)
    try:
        found: Any = _render(template, texts, sizes, folder)
        reply = json.dumps(found)
        if len(found[0]) > MAX_BYTES:
            reply = json.dumps(f"its text is larger than {MAX_BYTES // 2**20} MiB")
    except MemoryError:
        reply = json.dumps(f"takes more than {_MEMORY // 2**20} MiB")
    except Exception as error:  # whatever a template makes Python raise is the template's fault
        reply = json.dumps(_shown(error))
    return reply.encode()


def _shown(error: Exception) -> str:
    said = " ".join((str(error) or type(error).__name__).split())
    line = getattr(error, "lineno", None)
    return f"line {line}: {said[:_LONGEST]}" if line else said[:_LONGEST]


def _limit() -> None:
    """Bound this process's time and memory, where the system can; the other process's patience bounds it anyway."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _render(template: str, texts: dict[str, str], sizes: list[str], folder: str | None) -> list[Any]:
    from jinja2 import ChainableUndefined

    missing: dict[str, None] = {}
    shown = dict.fromkeys(sizes, 0)

    class Missing(ChainableUndefined):
        """Shown as nothing, and told. What only asks whether it is there (`is defined`, `default`) is not told."""

        def _told(self) -> None:
            if isinstance(self._undefined_name, str) and self._undefined_obj is self._nowhere:
                missing[self._undefined_name] = None

        _nowhere = ChainableUndefined()._undefined_obj

        def __str__(self) -> str:
            self._told()
            return ""

        def __bool__(self) -> bool:
            self._told()
            return False

        def __iter__(self) -> Any:
            self._told()
            return iter(())

        def __len__(self) -> int:
            self._told()
            return 0

    class Size:
        def __init__(self, name: str) -> None:
            self._name = name

        def __str__(self) -> str:
            shown[self._name] += 1
            return ""

    environment = _environment(folder)
    environment.undefined = Missing
    text = environment.from_string(template).render({**texts, **{name: Size(name) for name in sizes}})
    return [text, list(missing), shown]


def _environment(folder: str | None) -> ImmutableSandboxedEnvironment:
    from jinja2 import FunctionLoader
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # autoescape is for HTML; a prompt is sent as it is.
    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(_reader(Path(folder))) if folder else None,
        autoescape=False,
        keep_trailing_newline=True,
    )


def _reader(folder: Path) -> Any:
    def read(name: str) -> str | None:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return path.read_text("utf-8", "replace")

    return read
