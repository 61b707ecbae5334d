"""`llmcost comment`: one comment on a pull request, from what `diff` and `budget check` wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import single
from llmcost.core.errors import UsageError, nearest
from llmcost.core.text import printable

if TYPE_CHECKING:
    from llmcost.forge.comments import Behaviour, Done, Thread


class Forge(NamedTuple):
    """The environment's names for where a job runs."""

    token: str
    base_variable: str
    base: str
    repository_variable: str


FORGES = {
    "github": Forge("GITHUB_TOKEN", "GITHUB_API_URL", "https://api.github.com", "GITHUB_REPOSITORY"),
    "gitlab": Forge("GITLAB_TOKEN", "CI_API_V4_URL", "https://gitlab.com/api/v4", "CI_PROJECT_ID"),
}
_KEY = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_PULL_REF = re.compile(r"refs/pull/([1-9][0-9]{0,17})/(?:merge|head)")


def comment(
    env: Env,
    forge: Annotated[str, typer.Argument(metavar="github|gitlab", help="Where the pull request is.")],
    diff: Annotated[str, typer.Option("--diff", metavar="FILE", help="What `llmcost diff --json` wrote.")],
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="FILE", help="What `llmcost budget check --json` wrote.", show_default=False),
    ] = None,
    behaviour: Annotated[
        str,
        typer.Option(
            "--behaviour",
            metavar="update|new|delete-and-new",
            help="Rewrite our last comment, add one, or replace those before.",
        ),
    ] = "update",
    key: Annotated[
        str, typer.Option("--key", metavar="NAME", help="Tells several comments on one pull request apart.")
    ] = "default",
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo", metavar="OWNER/NAME", help="The repository; by default the job's own.", show_default=False
        ),
    ] = None,
    pr: Annotated[
        int | None,
        typer.Option(
            "--pr",
            metavar="N",
            min=1,
            max=10**18,
            help="The pull or merge request; by default the job's own.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the comment; ask nobody, post nothing.")] = False,
) -> None:
    """Tell a pull request what it costs and how the budgets stand, in one comment that is kept up to date.

    Nothing is posted when no prompt, model or limit changed; a comment that is there then says so.
    """
    from llmcost.reporting import comment as text
    from llmcost.reporting.comment_input import read_budgets, read_change
    from llmcost.yamlfile.tree import read_bytes

    env.choose_format("table", "json")
    known = _known(forge)
    wanted = _behaviour(behaviour)
    if len(key) > 64 or not _KEY.fullmatch(key):
        raise UsageError(f"--key {key!r:.80} is no name", "use letters and digits, with single . _ or - between them")
    change = read_change(read_bytes(expanded(diff)), diff)
    budgets = None if budget is None else read_budgets(read_bytes(expanded(budget)), budget)
    body = text.render(change, budgets, key) if change.related else text.nothing(key)
    if dry_run:
        _rehearse(env, body, related=change.related)
        return
    from llmcost.forge.comments import put

    thread = _thread(env, forge, known, repo, pr)
    done = put(thread, text.marker(key), body, wanted, only_correct=not change.related)
    _say(env, thread, done)


def _known(forge: str) -> Forge:
    if forge not in FORGES:
        raise UsageError(f"unknown place {forge!r}{nearest(forge, FORGES)}", f"use one of {', '.join(FORGES)}")
    return FORGES[forge]


def _behaviour(given: str) -> Behaviour:
    from llmcost.forge.comments import BEHAVIOURS

    for behaviour in BEHAVIOURS:
        if behaviour == given:
            return behaviour
    raise UsageError(
        f"unknown --behaviour {given!r}{nearest(given, BEHAVIOURS)}", f"use one of {', '.join(BEHAVIOURS)}"
    )


def _rehearse(env: Env, body: str, *, related: bool) -> None:
    if env.format == "json":
        env.emit(_document("dry-run", None, "", 0, body))
    else:
        env.emit(body)
    if not related:
        env.note("no prompt, model or limit changed: nothing would be posted, a comment that is there would say this")


def _thread(env: Env, forge: str, known: Forge, repo: str | None, pr: int | None) -> Thread:
    from llmcost.forge.comments import github, gitlab
    from llmcost.forge.rest import secure_base

    repository = repo or env.environ.get(known.repository_variable, "")
    if not repository:
        raise UsageError(f"no repository: {known.repository_variable} is not set", "write --repo OWNER/NAME")
    number = pr or (_pull_request(env) if forge == "github" else _merge_request(env))
    token = env.environ.get(known.token, "").strip()
    if not token:
        raise UsageError(f"no token: {known.token} is not set", "see docs/ci.md for what it needs, or use --dry-run")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(f"{known.token} holds a character that no token has", "set it to the token alone")
    base = secure_base(env.environ.get(known.base_variable, "").strip() or known.base, known.base_variable)
    return (github if forge == "github" else gitlab)(base, token, repository, number)


def _pull_request(env: Env) -> int:
    """The number in the event that started the job, or in the ref it builds."""
    path = env.environ.get("GITHUB_EVENT_PATH", "")
    found = _of_event(Path(path)) if path else None
    if found is not None:
        return found
    matched = _PULL_REF.fullmatch(env.environ.get("GITHUB_REF", ""))
    if matched is None:
        raise UsageError("this is no job of a pull request", "run it on the event `pull_request`, or write --pr N")
    return int(matched[1])


def _of_event(path: Path) -> int | None:
    from llmcost.yamlfile.tree import read_bytes

    try:
        event = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        raise UsageError(f"{path}, which GITHUB_EVENT_PATH names, is not JSON", "write --pr N") from None
    places: list[Any] = [event.get("pull_request"), event.get("issue")] if isinstance(event, dict) else []
    numbers = [place.get("number") for place in places if isinstance(place, dict)]
    return next((number for number in numbers if type(number) is int and 0 < number < 10**18), None)


def _merge_request(env: Env) -> int:
    text = env.environ.get("CI_MERGE_REQUEST_IID", "")
    if not _NUMBER.fullmatch(text):
        raise UsageError(
            f"no merge request: CI_MERGE_REQUEST_IID is {text!r:.40}",
            "run it in a merge-request pipeline, or write --pr N",
        )
    return int(text)


def _say(env: Env, thread: Thread, done: Done) -> None:
    number, url = (done.comment.number, done.comment.url) if done.comment else (None, "")
    if env.format == "json":
        env.emit(_document(done.action, number, url, done.deleted, None))
        return
    if done.comment is None:
        env.emit(f"nothing posted on {printable(thread.what)}: no prompt, model or limit changed")
        return
    more = f", {done.deleted} deleted" if done.deleted else ""
    env.emit(f"{done.action} {printable(url) or f'comment {number} on {printable(thread.what)}'}{more}")


def _document(action: str, number: int | None, url: str, deleted: int, body: str | None) -> str:
    document = {"schema_version": 1, "action": action, "comment_id": number, "url": url or None, "deleted": deleted,
                "body": body}  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


app = single(comment)
