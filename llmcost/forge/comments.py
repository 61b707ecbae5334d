"""The comments on one pull request, and the one of them that is ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.forge.rest import RefusedError, Rest

Behaviour = Literal["update", "new", "delete-and-new"]
BEHAVIOURS: tuple[Behaviour, ...] = ("update", "new", "delete-and-new")


class Comment(NamedTuple):
    number: int
    body: str
    url: str


class Thread(NamedTuple):
    """Where a pull request's comments are: paths below the service's base."""

    rest: Rest
    what: str
    """`pull request 7 of owner/name`."""
    items: str
    query: str
    one: str
    update: Literal["PATCH", "PUT"]
    author: str
    """The field that says who wrote a comment."""
    needs: str
    """What the token must be allowed to do."""
    bots: bool
    """Whether a bot's comments are ours when the token is nobody's in particular."""


class Done(NamedTuple):
    action: Literal["created", "updated", "unchanged", "none"]
    comment: Comment | None
    deleted: int = 0


_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_PROJECT = re.compile(r"[1-9][0-9]{0,17}|[A-Za-z0-9_.-]{1,255}(?:/[A-Za-z0-9_.-]{1,255}){1,20}")


def github(base: str, token: str, repository: str, number: int, **settings: Any) -> Thread:
    """https://docs.github.com/en/rest/issues/comments: a pull request's conversation is that of its issue."""
    if not _OWNER_AND_NAME.fullmatch(repository) or set(repository.split("/")) & {".", ".."}:
        raise UsageError(f"{repository!r:.80} is no repository", "write --repo OWNER/NAME")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json",
               "X-GitHub-Api-Version": "2022-11-28"}  # fmt: skip
    return Thread(
        Rest("GitHub", base, headers, token, **settings), f"pull request {number} of {repository}",
        f"/repos/{repository}/issues/{number}/comments", "?per_page=100",
        f"/repos/{repository}/issues/comments", "PATCH", "user", "pull-requests: write", True,
    )  # fmt: skip


def gitlab(base: str, token: str, project: str, number: int, **settings: Any) -> Thread:
    """https://docs.gitlab.com/api/notes/#merge-requests."""
    if not _PROJECT.fullmatch(project) or set(project.split("/")) & {".", ".."}:
        raise UsageError(f"{project!r:.80} is no project", "write --repo GROUP/NAME, or the project's number")
    notes = f"/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    return Thread(
        Rest("GitLab", base, {"PRIVATE-TOKEN": token}, token, **settings), f"merge request {number} of {project}",
        notes, "?per_page=100&sort=asc&order_by=created_at", notes, "PUT", "author", "the scope `api`", False,
    )  # fmt: skip


def put(thread: Thread, marker: str, text: str, behaviour: Behaviour, *, only_correct: bool = False) -> Done:
    """Make `text`, which begins with `marker`, the comment on a pull request.

    `update` rewrites our last comment, `new` leaves those before as they are, `delete-and-new` removes them once the
    new one stands. `only_correct`: there is nothing new to say, so that a comment is rewritten but none is written.

    Raises:
        UsageError: the token is refused, may not do this, or the pull request is not there.
        LlmcostError: the service does not answer, or not as it should.
    """
    try:
        return _put(thread, marker, text, behaviour, only_correct=only_correct)
    except RefusedError as error:
        raise _explained(thread, error) from None


def _put(thread: Thread, marker: str, text: str, behaviour: Behaviour, *, only_correct: bool) -> Done:
    before = _ours(thread, marker)
    last = before[-1] if before else None
    if only_correct and last is None:
        return Done("none", None)
    if last is not None and (only_correct or behaviour == "update"):
        if _same(last.body, text):
            return Done("unchanged", last)
        changed = thread.rest.call(thread.update, f"{thread.one}/{last.number}", {"body": text})
        return Done("updated", _comment(thread, changed))
    created = _create(thread, marker, text, {comment.number for comment in before})
    old = before if behaviour == "delete-and-new" else []
    for comment in old:
        _delete(thread, comment)
    return Done("created", created, len(old))


def _create(thread: Thread, marker: str, text: str, known: set[int]) -> Comment:
    """A new comment, none of `known`; when an answer is lost, it is looked for before another is written."""

    def written() -> Any:
        new = [c for c in _ours(thread, marker) if c.number not in known and _same(c.body, text)]
        return {"id": new[-1].number, "body": new[-1].body, "html_url": new[-1].url} if new else None

    return _comment(thread, thread.rest.call("POST", thread.items, {"body": text}, done=written))


def _delete(thread: Thread, comment: Comment) -> None:
    try:
        thread.rest.call("DELETE", f"{thread.one}/{comment.number}")
    except RefusedError as error:
        if error.status != 404:  # somebody was faster
            raise


def _ours(thread: Thread, marker: str) -> list[Comment]:
    """Our comments, oldest first: they begin with the marker, and are by whom the token is for.

    Anybody may begin a comment with our marker; what is rewritten must be ours, or its author could change it back.
    """
    is_mine: Callable[[Any], bool] | None = None
    found = []
    for item in thread.rest.pages(thread.items + thread.query):
        comment = _comment(thread, item)
        if comment.body.startswith(marker) and not item.get("system"):
            is_mine = is_mine or _author(thread)
            if is_mine(item.get(thread.author)):
                found.append(comment)
    return sorted(found, key=lambda comment: comment.number)


def _author(thread: Thread) -> Callable[[Any], bool]:
    """Whether an author is the token's user. A job's token on GitHub is nobody's: its comments are those of a bot."""
    try:
        user = thread.rest.call("GET", "/user")
    except RefusedError as error:
        if not thread.bots or error.status != 403:
            raise
        user = None
    me = user.get("id") if isinstance(user, dict) else None
    if me is None and not thread.bots:
        raise LlmcostError(f"{thread.rest.name} does not say whose token this is", f"use a token with {thread.needs}")

    def mine(author: Any) -> bool:
        if not isinstance(author, dict):
            return False
        return author.get("type") == "Bot" if me is None else author.get("id") == me

    return mine


def _comment(thread: Thread, item: Any) -> Comment:
    number = item.get("id") if isinstance(item, dict) else None
    if type(number) is not int or number < 1:
        raise LlmcostError(f"{thread.rest.name} answered something that is no comment", "check its address")
    body, url = item.get("body"), item.get("html_url")
    return Comment(number, body if isinstance(body, str) else "", url if isinstance(url, str) else "")


def _same(stored: str, text: str) -> bool:
    """A service may keep other line ends, and none at the end."""
    return stored.replace("\r\n", "\n").strip() == text.strip()


def _explained(thread: Thread, error: RefusedError) -> LlmcostError:
    name = thread.rest.name
    match error.status:
        case 401:
            return UsageError(f"{name} refuses the token (401)", f"give it a valid token with {thread.needs}")
        case 403:
            fork = "; that of a pull request from a fork may only read" if thread.bots else ""
            return UsageError(error.message, f"the token needs {thread.needs}{fork}")
        case 404:
            message = f"{name} finds no {thread.what} (404), or does not show it to this token"
            return UsageError(message, f"check --repo and --pr; the token needs {thread.needs}")
    return error
