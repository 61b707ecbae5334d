"""One comment of ours among those of others, on a stand-in of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmcost.core.errors import ExitCode, LlmcostError, UsageError
from llmcost.forge.comments import Behaviour, Comment, Done, Thread, github, gitlab, put
from tests.forge.standin import BOT, PERSON, Answer, Standin, standin

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - invented
MARKER = "<!-- llmcost:default -->"
FIRST, SECOND = f"{MARKER}\nfirst\n", f"{MARKER}\nsecond\n"
ROBOT = {"id": 99, "username": "project_1_bot"}


@pytest.fixture
def server() -> Iterator[Standin]:
    with standin() as made:
        yield made


def at_github(server: Standin, waited: list[float] | None = None, *, number: int = 7) -> Thread:
    pauses: list[float] = [] if waited is None else waited
    return github(server.url, TOKEN, "owner/name", number, timeout=5, pause=pauses.append)


def at_gitlab(server: Standin) -> Thread:
    server.me = ROBOT
    return gitlab(server.url, TOKEN, "group/sub/name", 7, timeout=5, pause=lambda _: None)


def tell(server: Standin, text: str, behaviour: Behaviour = "update", **more: Any) -> Done:
    return put(at_github(server), MARKER, text, behaviour, **more)


def test_the_first_creates_and_the_second_updates_the_same(server: Standin) -> None:
    server.add("lovely work", PERSON)
    created = tell(server, FIRST)
    assert created == Done("created", Comment(101, FIRST, "https://example.com/pull/7#101"))
    assert tell(server, SECOND) == Done("updated", Comment(101, SECOND, "https://example.com/pull/7#101"))
    assert server.bodies == ["lovely work", SECOND]
    assert server.changes == [
        ("POST", "/api/repos/owner/name/issues/7/comments"),
        ("PATCH", "/api/repos/owner/name/issues/comments/101"),
    ]
    sent = server.asked[0].headers
    assert (sent["authorization"], sent["x-github-api-version"]) == (f"Bearer {TOKEN}", "2022-11-28")
    assert (sent["accept"], sent["user-agent"]) == ("application/vnd.github+json", "llmcost")


def test_what_says_the_same_is_left_alone(server: Standin) -> None:
    server.add(FIRST.strip().replace("\n", "\r\n"))
    assert tell(server, FIRST).action == "unchanged"
    assert server.changes == []


def test_new_leaves_what_was_there(server: Standin) -> None:
    tell(server, FIRST, "new")
    tell(server, FIRST, "new")
    assert server.bodies == [FIRST, FIRST]


def test_the_last_of_several_is_updated(server: Standin) -> None:
    for _ in range(2):
        server.add(FIRST)
    tell(server, SECOND)
    assert server.bodies == [FIRST, SECOND]


def test_delete_and_new_removes_the_old_once_the_new_one_stands(server: Standin) -> None:
    server.add(FIRST)
    server.add("lovely work", PERSON)
    server.add(FIRST)
    assert tell(server, SECOND, "delete-and-new") == Done(
        "created", Comment(103, SECOND, "https://example.com/pull/7#103"), 2
    )
    assert [method for method, _ in server.changes] == ["POST", "DELETE", "DELETE"]
    assert server.bodies == ["lovely work", SECOND]


def test_what_somebody_else_deleted_meanwhile_is_no_error(server: Standin) -> None:
    server.add(FIRST)
    server.failures = [("DELETE", (404, {}, b'{"message": "Not Found"}'))]
    assert tell(server, SECOND, "delete-and-new").action == "created"


@pytest.mark.parametrize("behaviour", ["update", "new", "delete-and-new"])
def test_without_news_a_comment_is_corrected_but_none_written(server: Standin, behaviour: Behaviour) -> None:
    assert tell(server, SECOND, behaviour, only_correct=True) == Done("none", None)
    assert server.changes == []
    server.add(FIRST)
    assert tell(server, SECOND, behaviour, only_correct=True).action == "updated"
    assert server.bodies == [SECOND]


def test_the_marker_is_found_on_the_third_page(server: Standin) -> None:
    server.page = 2
    for number in range(5):
        server.add(FIRST if number == 4 else "lovely work", BOT if number == 4 else PERSON)
    assert tell(server, SECOND).action == "updated"
    assert [asked.path for asked in server.asked if asked.path.startswith("/api/repos/owner/name/issues/7")] == [
        "/api/repos/owner/name/issues/7/comments?per_page=100",
        "/api/repos/owner/name/issues/7/comments?per_page=100&page=2",
        "/api/repos/owner/name/issues/7/comments?per_page=100&page=3",
    ]
    assert server.bodies[4] == SECOND


@pytest.mark.parametrize(
    ("body", "user"),
    [
        (f"> {MARKER}\n> first", PERSON),
        (f"look: {MARKER}", BOT),
        (FIRST, PERSON),
        ("<!-- llmcost:default-2 -->\nfirst", BOT),
        (f"{MARKER}\nfirst", {"id": 8, "type": None}),
        (f"{MARKER}\nfirst", None),
    ],
)
def test_what_is_not_ours_is_not_touched(server: Standin, body: str, user: Any) -> None:
    server.add(body, user)
    for behaviour in ("update", "delete-and-new"):
        assert tell(server, SECOND, behaviour).deleted == (behaviour == "delete-and-new")
    assert server.bodies == [body, SECOND]


def test_the_comments_of_a_persons_token_are_that_persons(server: Standin) -> None:
    server.me = {"id": 12, "login": "ana", "type": "User"}
    server.add(FIRST, PERSON)
    server.add(FIRST)
    assert tell(server, FIRST).action == "created"
    assert tell(server, SECOND).action == "updated"
    assert server.bodies == [FIRST, FIRST, SECOND]


def test_gitlab(server: Standin) -> None:
    thread = at_gitlab(server)
    server.add(FIRST, PERSON)
    assert put(thread, MARKER, FIRST, "update").action == "created"
    assert put(thread, MARKER, SECOND, "update").action == "updated"
    assert put(thread, MARKER, FIRST, "delete-and-new").deleted == 1
    notes = "/api/projects/group%2Fsub%2Fname/merge_requests/7/notes"
    assert server.changes == [("POST", notes), ("PUT", f"{notes}/101"), ("POST", notes), ("DELETE", f"{notes}/101")]
    assert server.asked[0].path == f"{notes}?per_page=100&sort=asc&order_by=created_at"
    assert server.asked[0].headers["private-token"] == TOKEN
    assert "authorization" not in server.asked[0].headers


def test_gitlab_must_say_whose_token_it_is(server: Standin) -> None:
    thread = at_gitlab(server)
    server.add(FIRST, ROBOT)
    server.me = {}
    with pytest.raises(LlmcostError, match="does not say whose token this is"):
        put(thread, MARKER, SECOND, "update")
    server.me = None
    with pytest.raises(UsageError, match="403"):
        put(thread, MARKER, SECOND, "update")
    assert server.changes == []


def test_a_service_that_fails_twice_is_asked_a_third_time(server: Standin) -> None:
    bad: Answer = (502, {}, b"")
    server.failures = [("GET", bad), ("GET", bad), ("POST", bad), ("POST", (429, {"Retry-After": "3"}, b""))]
    waited: list[float] = []
    assert put(at_github(server, waited), MARKER, FIRST, "update").action == "created"
    assert waited == [1, 2, 1, 3]
    assert server.bodies == [FIRST]


def test_a_comment_whose_answer_was_lost_is_not_written_twice(server: Standin) -> None:
    server.add(FIRST)
    server.lost = ["POST"]
    done = tell(server, FIRST, "new")
    assert done == Done("created", Comment(101, FIRST, "https://example.com/pull/7#101"))
    assert [method for method, _ in server.changes] == ["POST"]
    assert server.bodies == [FIRST, FIRST]


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (401, "GitHub refuses the token (401)", "give it a valid token with pull-requests: write"),
        (403, "GitHub refuses to comment (403): no", "the token needs pull-requests: write; that of a pull request"),
        (404, "GitHub finds no pull request 7 of owner/name (404), or does not show it", "check --repo and --pr"),
    ],
)
def test_a_token_that_may_not(server: Standin, status: int, error: str, hint: str) -> None:
    server.failures = [("POST", (status, {"X-RateLimit-Remaining": "4999"}, b'{"message": "no"}'))]
    with pytest.raises(UsageError) as caught:
        tell(server, FIRST)
    assert caught.value.message.startswith(error)
    assert caught.value.hint.startswith(hint)
    assert len(server.changes) == 1


def test_another_pull_request_is_not_there(server: Standin) -> None:
    with pytest.raises(UsageError, match="no pull request 8"):
        put(at_github(server, number=8), MARKER, FIRST, "update")


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {"X-RateLimit-Remaining": "0"}])
def test_too_many_requests_may_be_a_403(server: Standin, headers: dict[str, str]) -> None:
    server.failures = [("POST", (403, headers, b"{}"))]
    assert tell(server, FIRST).action == "created"
    server.failures = [("GET", (403, headers, b"{}"))] * 4
    with pytest.raises(LlmcostError, match=r"asks for fewer requests \(403\)") as caught:
        tell(server, FIRST)
    assert caught.value.exit_code == ExitCode.FAILURE


@pytest.mark.parametrize("make", [github, gitlab])
@pytest.mark.parametrize(
    "name", ["", "name", "owner/", "../name", "owner/..", "a/b?c", "a/b#c", "a b/c", "-0", "@x/y", "a/b/../c", "a//b"]
)
def test_a_name_that_is_none(make: Any, name: str) -> None:
    with pytest.raises(UsageError, match="is no"):
        make("https://example.com", TOKEN, name, 7)


def test_three_parts_are_no_repository_on_github() -> None:
    with pytest.raises(UsageError, match="is no repository"):
        github("https://example.com", TOKEN, "a/b/c", 7)
    assert gitlab("https://example.com", TOKEN, "278964", 7).items == "/projects/278964/merge_requests/7/notes"
