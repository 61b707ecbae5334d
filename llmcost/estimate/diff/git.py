"""Two states of a git repository, read through git's plumbing: nothing in the repository is run or followed.

No hook, filter, textconv, external diff or file-system monitor of the repository is started, and no network is used.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha1, sha256
from pathlib import Path
from typing import IO, NamedTuple, cast

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.core.text import printable
from llmcost.estimate.diff.contents import Asked, Contents, Entry, TooLargeError, present

#: What stands for the working tree where a commit is expected.
WORKTREE, INDEX = "the working tree", "the index"

_SAFE = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "core.quotePath=false",
    "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}",
)  # fmt: skip
#: A partial clone asks its remote for what it lacks, by any program its .git/config names; only variables forbid that.
_NO_REMOTE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
Wanted = Callable[[str], bool]
"""Whether the file at a path is of interest."""

_FETCH = "the clone is shallow: fetch the history (actions/checkout: fetch-depth: 0; `git fetch --unshallow`)"
_SHA256_DIGITS = 64
_FILES = frozenset({"100644", "100755"})


class Pair(NamedTuple):
    """One file that may differ; None on the side where it is not (as a regular file)."""

    path: str
    """Its path on the later side, or where it last was."""
    before: Entry | None
    after: Entry | None


class Compared(NamedTuple):
    """What is compared with what."""

    base: str
    """Commit id."""
    head: str
    """Commit id, WORKTREE or INDEX."""
    described: str
    """In words."""


class Repository:
    """The repository that holds `folder`; `environment` is that of the git to be run.

    Raises (all methods):
        UsageError: git is missing, there is no repository, no commit, or no such ref.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, **_NO_REMOTE}
        root = self._line("rev-parse", "--show-toplevel", error=_no_repository(folder))
        self.root = Path(os.path.realpath(root))
        self._folder = self.root

    def compare(self, spec: str, *, staged: bool = False) -> Compared:
        """`""`, `BASE`, `BASE..[HEAD]` or `BASE...[HEAD]` as two states; docs/diff.md says which.

        With one name or none, the merge base is compared with the working tree, or the index (`staged`).
        """
        base, dots, head = spec.partition("...") if "..." in spec else spec.partition("..")
        if dots and staged:
            raise UsageError(f"--staged compares with the index, and {spec!r} names its end", "keep one of them")
        if dots and not base:
            # As git does, taking HEAD for it would find no change where a CI job's variable is empty.
            raise UsageError(f"no base in {spec!r}", "name it: main..HEAD")
        tip = self.commit("HEAD", shown="")
        if not dots:
            target = INDEX if staged else WORKTREE
            name = base or self._default_branch()
            if not name:
                if self._is_shallow():
                    raise UsageError("no default branch to compare with in this shallow clone", _FETCH)
                return Compared(tip, target, f"HEAD ({tip[:9]}) with {target}")
            found = self._merge_base(self.commit(name), tip, name, "HEAD")
            whence = f", where HEAD left {name}" if name != "HEAD" else ", which is HEAD"
            return Compared(found, target, f"{found[:9]}{whence}, with {target}")
        first, second = self.commit(base), self.commit(head or "HEAD")
        if dots == "...":
            found = self._merge_base(first, second, base, head or "HEAD")
            return Compared(found, second, f"{found[:9]}, where {head or 'HEAD'} left {base}, with {second[:9]}")
        return Compared(first, second, f"{base} ({first[:9]}) with {head or 'HEAD'} ({second[:9]})")

    def commit(self, ref: str, *, shown: str | None = None) -> str:
        """The commit `ref` names."""
        if ref.startswith("-") or "\0" in ref:
            raise UsageError(f"not a git ref: {ref!r}", "name a branch, a tag or a commit")
        if shown is None:
            hint = "name a branch, tag or commit that `git log` knows; in CI, fetch it first (fetch-depth: 0)"
            error = UsageError(f"no such git ref: {ref!r}", hint)
        else:
            error = UsageError("the repository has no commit yet", "commit something to compare with first")
        return self._line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", error=error)

    def _default_branch(self) -> str:
        """origin's default branch, else a local main or master; empty without any."""
        for name in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
            if self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").returncode == 0:
                return name
        return ""

    def _merge_base(self, first: str, second: str, name: str, other: str) -> str:
        done = self._run("merge-base", "--end-of-options", first, second)
        if done.returncode == 0:
            return done.stdout.split()[0].decode()
        hint = _FETCH if self._is_shallow() else f"compare the two as they are: {name}..{other}"
        raise UsageError(f"{name!r} and {other!r} have no common commit here", hint)

    def _is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def pairs(self, compared: Compared, wanted: Wanted) -> list[Pair]:
        """The `wanted` files that differ, by path."""
        if compared.head == WORKTREE:
            return [pair for pair in self.entries(compared, wanted) if not self._unchanged(pair)]
        options = ("--raw", "-z", "--no-renames", "--no-abbrev", "--end-of-options", compared.base)
        if compared.head == INDEX:
            raw = self._output("diff-index", "--cached", *options)
        else:
            raw = self._output("diff-tree", "-r", *options, compared.head)
        found = [pair for pair in _parsed(raw) if wanted(pair.path) and (pair.before or pair.after)]
        return sorted(found, key=lambda pair: pair.path)

    def _unchanged(self, pair: Pair) -> bool:
        """Whether the file holds what git stores, without asking git: it would run the filters of .gitattributes."""
        if pair.before is None or pair.after is None:
            return False
        if pair.after.oid:
            return pair.before.oid == pair.after.oid
        kind = sha256 if len(pair.before.oid) == _SHA256_DIGITS else sha1
        try:
            data = present(self.root, pair.path)
        except (TooLargeError, UsageError):
            return False
        return kind(b"blob %d\0" % len(data) + data).hexdigest() == pair.before.oid

    def _in_worktree(self, path: str) -> Entry | None:
        file = self.root / path
        try:
            # A folder replaced by a link leads out of the repository.
            regular = stat.S_ISREG(file.lstat().st_mode) and file.parent.resolve() == file.parent
        except OSError:
            return None
        return Entry(path, "") if regular else None

    def entry(self, compared: Compared, path: str) -> Pair:
        """The file at `path` on both sides, whether it differs or not.

        Raises:
            UsageError: it is a link or a folder there.
        """
        return Pair(path, self._entry(compared.base, path), self._entry(compared.head, path))

    def _entry(self, state: str, path: str) -> Entry | None:
        if state == WORKTREE:
            found, there = self._in_worktree(path), os.path.lexists(self.root / path)
        else:
            raw = self._listed(state, path)
            found, there = next(_entries(raw, staged=state == INDEX), None), bool(raw)
        if there and found is None:
            raise UsageError(f"{path} is no regular file in {state[:16]}", "links are not followed; put the file there")
        return found

    def entries(self, compared: Compared, wanted: Wanted) -> list[Pair]:
        """Every `wanted` file of either side, by path."""
        before, after = (
            {entry.path: entry for entry in self._all(state) if wanted(entry.path)}
            for state in (compared.base, compared.head)
        )
        return [Pair(path, before.get(path), after.get(path)) for path in sorted(before.keys() | after.keys())]

    def _all(self, state: str) -> Iterator[Entry]:
        if state != WORKTREE:
            yield from _entries(self._listed(state), staged=state == INDEX)
            return
        for line in _names(self._output("ls-files", "--stage", "-t", "-z")):
            info, _, path = line.partition("\t")
            tag, _, oid, _ = info.split(" ")
            # A sparse checkout leaves files out of the folder.
            found = Entry(path, oid) if tag == "S" else self._in_worktree(path)
            if found is not None:
                yield found
        for path in _names(self._output("ls-files", "--others", "--exclude-standard", "-z")):
            if (found := self._in_worktree(path)) is not None:
                yield found

    def _listed(self, state: str, *paths: str) -> bytes:
        if state == INDEX:
            return self._output("ls-files", "--stage", "-z", "--", *paths)
        return self._output("ls-tree", "-r", "-z", "--full-tree", state, "--", *paths)

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        """What files hold, by one git process for any number of them."""
        with self._asked("--batch-check") as sizes, self._asked("--batch") as blobs:
            yield Contents(self.root, sizes, blobs)

    @contextmanager
    def _asked(self, mode: str) -> Iterator[Asked]:
        with subprocess.Popen(  # noqa: S603
            self._command("cat-file", mode),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._environment,
        ) as process:  # fmt: skip
            yield Asked(cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout))

    def _command(self, *arguments: str) -> list[str]:
        return ["git", *_SAFE, "-C", str(self._folder), *arguments]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603
                self._command(*arguments), capture_output=True, check=False, stdin=subprocess.DEVNULL,
                env=self._environment,
            )  # fmt: skip
        except FileNotFoundError:
            raise UsageError(
                "git is not installed, or not on the PATH", "install git; diff reads two commits with it"
            ) from None

    def _output(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode:
            raise _failed(arguments[0], done.stderr)
        return done.stdout

    def _line(self, *arguments: str, error: LlmcostError) -> str:
        done = self._run(*arguments)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")
            if "dubious ownership" in said:
                raise UsageError(
                    f"git refuses {self._folder}: it belongs to another user",
                    f"if you trust it: git config --global --add safe.directory {self._folder}",
                )
            raise error
        return os.fsdecode(done.stdout).rstrip("\n")


def _parsed(raw: bytes) -> Iterator[Pair]:
    """`:100644 100755 OID OID M\\0path\\0` …"""
    fields = raw.split(b"\0")
    for info, name in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = info.decode().removeprefix(":").split(" ")
        path = os.fsdecode(name)
        before = Entry(path, old) if old_mode in _FILES else None
        yield Pair(path, before, Entry(path, new) if new_mode in _FILES and new.strip("0") else None)


def _entries(raw: bytes, *, staged: bool) -> Iterator[Entry]:
    """Regular files of `100644 blob OID\\tpath\\0` … or, of the index, `100644 OID 0\\tpath\\0` …"""
    for line in raw.split(b"\0")[:-1]:
        info, _, name = line.partition(b"\t")
        mode, first, second = info.decode().split(" ")
        if mode in _FILES:
            yield Entry(os.fsdecode(name), first if staged else second)


def _names(raw: bytes) -> list[str]:
    return [os.fsdecode(name) for name in raw.split(b"\0") if name]


def _no_repository(folder: Path) -> UsageError:
    return UsageError(f"no git repository at {folder}", "run it inside one; `llmcost estimate` needs none")


def _failed(what: str, stderr: bytes) -> LlmcostError:
    said: Sequence[str] = stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
    return LlmcostError(f"git {what} failed: {printable(said[-1])[:200]}", "check the repository with `git fsck`")
