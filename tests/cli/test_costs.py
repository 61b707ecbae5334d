"""`llmcost costs`: entered, listed, imported twice, taken out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run import llmcost

GPU = ("costs", "add", "gpu", "--amount", "2400.50", "--category", "infrastructure", "--start", "2026-01-01")
HEADER = "name,category,amount_usd,per,start,end,allocate,where,to,user,tool\n"


def test_entered_once_however_often_and_never_silently_otherwise() -> None:
    ran = llmcost(*GPU)
    assert (ran.code, ran.out, ran.err) == (0, "entered gpu\n", "")
    assert llmcost(*GPU, "--json").json == {"schema_version": 1, "entered": 0}
    changed = llmcost(*GPU, "--per", "week")
    assert changed.code == 2
    assert changed.err.startswith("error: there is another 'gpu' from 2026-01-01\nhint: `llmcost costs remove`")
    assert llmcost("costs", "list", "--json").json == {
        "schema_version": 1,
        "costs": [
            {
                "name": "gpu", "category": "infrastructure", "amount_usd": "2400.5", "per": "month",
                "start": "2026-01-01", "end": None, "allocate": "tokens", "where": [], "to": [], "user": None,
                "tool": None,
            }
        ],
    }  # fmt: skip


def test_the_table_says_who_shares_what_and_shows_no_escapes() -> None:
    llmcost("costs", "add", "a\x1b[2J", "--amount", "-5", "--per", "once", "--category", "inference",
            "--start", "2026-01-01", "--end", "2026-01-31", "--where", "app=x", "--where", "app=y",
            "--allocate", "even")  # fmt: skip
    llmcost("costs", "add", "b", "--amount", "7", "--category", "operations", "--start", "2026-01-01",
            "--to", "app=x:60,y:0.5")  # fmt: skip
    llmcost("costs", "add", "c", "--amount", "20", "--start", "2026-01-01", "--user", "ann", "--tool", "codex")
    shown = llmcost("costs", "list", "--no-color").out
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert lines[0].split() == ["name", "category", "amount", "per", "from", "to", "shared", "by", "seat"]
    assert lines[2].endswith("inference    -$5.00   once    2026-01-01   2026-01-31   even of app=x, app=y")
    assert lines[3].split() == ["b", "operations", "$7.00", "month", "2026-01-01", "app=x:60,y:0.5"]
    assert lines[4].split() == ["c", "seat", "$20.00", "month", "2026-01-01", "tokens", "ann,", "codex"]


def test_importing_again_replaces_and_what_is_listed_can_be_imported() -> None:
    file = Path("costs.csv")
    lines = (
        "gpu,infrastructure,1,month,2026-01-01,,even,app=a;app=b,,,",
        "s,seat,20,month,2026-01-01,,,,,ann,codex",
        '\'=w,operations,3,day,2026-01-01,,,,"app=a:1,b:2",,',
    )
    file.write_text("\ufeff" + HEADER + "\n".join(lines))
    assert llmcost("costs", "import", "costs.csv").out == "3 new costs, 0 replaced, 0 unchanged\n"
    listed = llmcost("costs", "list", "--format", "csv").out
    assert listed.splitlines()[1] == '\'=w,operations,3,day,2026-01-01,,manual,,"app=a:1,b:2",,'
    file.write_text(listed.replace(",20,", ",25,"))
    again = llmcost("costs", "import", "costs.csv", "--json").json
    assert again == {"schema_version": 1, "new": 0, "replaced": 1, "unchanged": 2}
    assert llmcost("costs", "list", "--format", "csv").out == file.read_text()


def test_taken_out_by_name_or_by_name_and_first_day() -> None:
    llmcost(*GPU)
    llmcost(*GPU[:-1], "2026-06-01")
    llmcost(*GPU[:-1], "2026-09-01")
    assert llmcost("costs", "remove", "gpu", "--start", "2026-06-01").out == "took out 1 cost\n"
    assert llmcost("costs", "remove", "gpu", "--json").json == {"schema_version": 1, "removed": 2}
    ran = llmcost("costs", "remove", "gpu")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: no cost 'gpu'")
    assert "no costs beside the requests" in llmcost("costs", "list").err


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("import", "none.csv"), 2, "cannot read"),
        (("import", "bad.csv"), 6, "bad.csv:2: unknown unit 'year'"),
        (("import", "latin.csv"), 6, "latin.csv is no CSV"),
        (("remove", "gpu", "--start", "soon"), 2, "not a day: 'soon'"),
        (("list", "--format", "xml"), 2, "unknown format 'xml'"),
        (("add", "x", "--amount", "1", "--start", "2026-01-01"), 2, "no category"),
    ],
)
def test_errors_are_two_lines(arguments: tuple[str, ...], code: int, error: str) -> None:
    llmcost(*GPU)
    Path("bad.csv").write_text("name,category,amount_usd,per,start\na,operations,1,year,2026-01-01\n")
    Path("latin.csv").write_bytes(b"name,category,amount_usd,per,start\n\xe4,operations,1,day,2026-01-01\n")
    ran = llmcost("costs", *arguments)
    assert ran.code == code
    assert ran.err.startswith(f"error: {error}")
    assert ran.err.splitlines()[1].startswith("hint: ")


def test_taking_out_makes_no_ledger() -> None:
    ran = llmcost("costs", "remove", "gpu", "--ledger", "none.db")
    assert ran.code == 2
    assert not Path("none.db").exists()


def test_forgetting_a_person_forgets_their_seat() -> None:
    llmcost("costs", "add", "seat 1", "--amount", "20", "--start", "2026-01-01", "--user", "ann", "--tool", "codex")
    assert llmcost("ledger", "forget", "--user", "ann").code == 0
    assert llmcost("costs", "list", "--json").json["costs"][0]["user"] == "(forgotten)"
