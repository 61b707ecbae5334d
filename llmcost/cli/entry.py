"""The process: `--version` before anything is imported, one place where errors become exit codes."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from llmcost import __version__

        sys.stdout.write(f"llmcost {__version__}\n")
        sys.exit(0)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code. Data goes to stdout, everything else to stderr."""
    from llmcost.core.errors import ExitCode, LlmcostError

    try:
        from llmcost.cli.app import invoke

        return invoke(arguments)
    except LlmcostError as error:
        _report(error.message, error.hint)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except OSError as error:
        if error.errno is None:
            raise
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
        if os.environ.get("LLMCOST_DEBUG"):
            raise
        _report(
            f"this is a bug in llmcost: {type(error).__name__}: {error}",
            "run again with LLMCOST_DEBUG=1 and report the traceback; nothing half-done was kept",
        )
        return int(ExitCode.FAILURE)


def _report(message: str, hint: str) -> None:
    from llmcost.core.text import printable, redact

    sys.stderr.write(f"error: {printable(redact(message))}\n")
    if hint:
        sys.stderr.write(f"hint: {printable(hint)}\n")
