"""The process: `--version` before anything is imported, one place where errors become exit codes."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import re
import sys

#: New objects before Python looks for cycles; with its own 700 it goes through all imported code again and again.
_GC_THRESHOLD = 100_000


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_GC_THRESHOLD)
    _reopen_closed()
    code = run(sys.argv[1:])
    # Not `sys.exit`: taking a vocabulary apart piece by piece takes as long as importing the command. Coverage and
    # the like write what they know when Python ends; a profiler has no such hook.
    if sys.getprofile() is not None:
        sys.exit(code)
    atexit._run_exitfuncs()
    _flush_for_good()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code. Data goes to stdout, everything else to stderr."""
    from llmcost.core.errors import ExitCode, LlmcostError

    try:
        if arguments == ["--version"]:
            return version()
        from llmcost.cli.app import invoke

        code = invoke(arguments)
        sys.stdout.flush()
    except LlmcostError as error:
        _report(error.message, error.hint)
        return int(error.exit_code)
    except KeyboardInterrupt:
        _report("interrupted", "what was stored before stays; the same command goes on where it was")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): not an error.
        return int(ExitCode.OK)
    except OSError as error:
        if error.errno is None:
            return _unexpected(error)
        _report(
            f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror),
            "check the path, its permissions and the disk",
        )
        return int(ExitCode.FAILURE)
    except MemoryError:
        _report("out of memory", "ask for less at once: a shorter period, fewer groups, smaller files")
        return int(ExitCode.FAILURE)
    except RecursionError:
        _report("the input is nested too deeply", "check the file named on the command line")
        return int(ExitCode.FAILURE)
    except Exception as error:
        return _unexpected(error)
    return code


def version() -> int:
    from llmcost import __version__

    sys.stdout.write(f"llmcost {__version__}\n")
    sys.stdout.flush()
    return 0


def _unexpected(error: Exception) -> int:
    if os.environ.get("LLMCOST_DEBUG"):
        raise error
    _report(
        f"this is a bug in llmcost: {type(error).__name__}: {str(error)[:500]}",
        "run again with LLMCOST_DEBUG=1 and report the traceback",
    )
    return 1


def _report(message: str, hint: str) -> None:
    from llmcost.cli.wrapped import wrapped
    from llmcost.core.text import printable, redact

    for label, text in (("error", message), ("hint", hint or "see `llmcost --help`")):
        line = re.sub(r"\s*\n\s*", " ", text.strip())
        sys.stderr.write(wrapped(f"{label}: {printable(redact(line))}", sys.stderr) + "\n")


def _reopen_closed() -> None:
    """A process started with stdout or stderr closed has None in their place, and would give their numbers to files."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - lives as long as we


def _flush_for_good() -> None:
    """What could not be written (a gone reader, a full disk) has been dealt with: Python must not try it again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
