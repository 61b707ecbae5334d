import io
import json
import re
from contextlib import redirect_stdout
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from llmcost.budgets.admission import counter_key
from llmcost.budgets.config import load
from llmcost.budgets.windows import period_of
from llmcost.cli.entry import run
from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.reservations import Claim, Reservation, Reservations, reserved_beside
from tests.budgets.rows import USD, ledger, row, us
from tests.run import llmcost

AS_OF = ("--as-of", "2026-11-20T23:59:59.999999Z")  # ten days before the end of November
BUDGETS = "budgets: [{app_id: a, daily_limit: 3, monthly_limit: 100, alert_thresholds: [0.5, 0.8]}]"


@pytest.fixture(autouse=True)
def ledger_path(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = isolated / "ledger.db"
    monkeypatch.setenv("LLMCOST_LEDGER", str(path))
    return path


@pytest.fixture
def budgets() -> Path:
    path = Path("budgets.yaml")
    path.write_text(BUDGETS, "utf-8")
    return path


def fill(*rows: PricedRecord) -> None:
    ledger(*rows, path=Path("ledger.db")).close()


def spend(usd: int) -> PricedRecord:
    """Ten days before the moment: the run rate to the month's end doubles it."""
    return row("2026-11-11T00:00:00Z", "a", usd * USD)


@pytest.mark.parametrize(
    ("usd", "options", "code", "said"),
    [
        (30, (), 0, "within budget (2 limits)"),
        (50, (), 0, "within budget (2 limits); 1 alert threshold reached"),
        (50, ("--fail-on", "warn"), 5, "alert threshold reached: a month 2026-11 is at 50.0% (threshold 50%)"),
        (50, ("--fail-on", "forecast"), 0, "within budget (2 limits); 1 alert threshold reached"),
        (70, (), 0, "; 1 alert threshold reached; 1 limit forecast to be exceeded"),
        (70, ("--fail-on", "forecast"), 4, "forecast over budget: a month 2026-11 heads for $140.00 of $100.00 ("),
        (70, ("--fail-on", "forecast"), 4, "), reached on 2026-11-25"),  # seven dollars a day, thirty left
        (70, ("--fail-on", "warn"), 5, "alert threshold reached"),
        (70, ("--fail-on", "warn", "--fail-on", "forecast"), 4, "forecast over budget"),
        (70, ("--fail-on", "breach,forecast"), 4, "forecast over budget"),
        (70, ("--fail-on", "forecast", "--exit-zero"), 0, "forecast over budget"),
        (100, (), 0, "within budget"),
        (101, (), 3, "over budget: a month 2026-11 spent $101.00 of $100.00"),
        (101, ("--exit-zero",), 0, "over budget: a month 2026-11 spent $101.00 of $100.00"),
        (101, ("--fail-on", "warn"), 3, "over budget"),
        (70, ("--max-age", "24h", "--fail-on", "forecast"), 6, "the newest request is of 2026-11-11T00:00:00Z"),
        (70, ("--max-age", "10d"), 0, "within budget"),
        (101, ("--max-age", "24h"), 3, "over budget: a month 2026-11 spent $101.00 of $100.00; also: the newest"),
    ],
)
@pytest.mark.usefixtures("budgets")
def test_exit_codes(usd: int, options: tuple[str, ...], code: int, said: str) -> None:
    fill(spend(usd))
    ran = llmcost("budget", "check", *AS_OF, *options)
    assert ran.code == code
    assert said in ran.err
    assert "2026-11" in ran.out


@pytest.mark.usefixtures("budgets")
def test_unpriced_requests_are_always_said_and_fail_when_strict() -> None:
    fill(spend(1), row("2026-11-04T00:00:00Z", "a", None))
    ran = llmcost("budget", "check", *AS_OF)
    assert ran.code == 0
    assert "unpriced: 1 of 2 requests of a in month 2026-11 have no price" in ran.err
    strict = llmcost("budget", "check", *AS_OF, "--strict", "--json")
    assert strict.code == 6
    assert strict.json["verdict"] == "data"
    assert strict.json["problems"] == ["a: unpriced requests: 1"]
    assert [b["unpriced_requests"] for b in strict.json["budgets"]] == [0, 1]


@pytest.mark.usefixtures("budgets")
def test_a_gate_without_data_fails() -> None:
    missing = llmcost("budget", "check", *AS_OF)
    assert (missing.code, missing.out) == (6, "")
    assert "error: no ledger at" in missing.err
    allowed = llmcost("budget", "check", *AS_OF, "--allow-empty", "--json")
    assert (allowed.code, allowed.json["verdict"], allowed.json["budgets"][0]["state"]) == (0, "ok", "no data")
    assert not Path("ledger.db").exists()
    fill()
    empty = llmcost("budget", "check", *AS_OF)
    assert empty.code == 6
    assert "the ledger has no request up to 2026-11-20T23:59:59.999999Z" in empty.err
    assert llmcost("budget", "check", *AS_OF, "--allow-empty").code == 0


@pytest.mark.usefixtures("budgets")
def test_a_scope_that_never_matched_fails() -> None:
    fill(row("2026-11-03T00:00:00Z", "another", USD))
    ran = llmcost("budget", "check", *AS_OF)
    assert ran.code == 6
    assert "no request of the budget 'a' was ever seen" in ran.err
    assert llmcost("budget", "check", *AS_OF, "--allow-empty").code == 0
    assert llmcost("budget", "check", *AS_OF, "--exit-zero").code == 0


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (("app=a",), ["a"]),
        (("app_id=a", "team=x"), ["a", "x in production"]),
        (("env=production",), ["x in production"]),
    ],
)
def test_only_budgets_of_a_scope_are_checked(scope: tuple[str, ...], names: list[str]) -> None:
    Path("budgets.yaml").write_text(
        "budgets:\n"
        "  - {app_id: a, daily_limit: 10}\n"
        "  - {app_id: b, daily_limit: 500, monthly_limit: 10000}\n"
        "  - {name: x in production, scope: {team: x, env: production}, daily_limit: 10}\n",
        "utf-8",
    )
    fill(spend(1), row("2026-11-11T00:00:00Z", "c", USD, team="x", environment="production"))
    options = [word for pair in scope for word in ("--scope", pair)]
    ran = llmcost("budget", "check", *AS_OF, "--json", *options)
    assert ran.code == 0  # the budget of b, which was never seen, is not asked
    assert [limit["name"] for limit in ran.json["budgets"]] == names
    assert ran.json["remarks"] == []
    assert llmcost("budget", "check", *AS_OF).code == 6
    assert [b["name"] for b in llmcost("budget", "list", "--json", *options).json["budgets"]] == names
    assert llmcost("budget", "status", *AS_OF, *options).code == 0


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("app=aa", "error: no budget of budgets.yaml has the scope app=aa; did you mean 'a'?"),
        ("team=a", "error: no budget of budgets.yaml has the scope team=a"),
        ("ap=a", "error: unknown dimension 'ap'; did you mean 'app'?"),
        ("a", "error: --scope 'a' is not DIMENSION=VALUE"),
    ],
)
@pytest.mark.usefixtures("budgets")
def test_a_scope_without_a_budget_is_a_mistake(scope: str, message: str) -> None:
    fill(spend(1))
    ran = llmcost("budget", "check", *AS_OF, "--scope", "app=a", "--scope", scope)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.usefixtures("budgets")
def test_json() -> None:
    fill(row("2026-11-11T12:00:00Z", "a", 60 * USD + 1), row("2026-11-20T22:30:00Z", "a", 11 * USD))
    ran = llmcost("budget", "check", *AS_OF, "--json", "--tz", "Europe/Berlin")
    assert ran.code == 0
    day, month = ran.json["budgets"]
    assert (ran.json["as_of"], ran.json["tz"], ran.json["newest_request"]) == (
        "2026-11-21T00:59:59.999999+01:00", "Europe/Berlin", "2026-11-20T23:30:00+01:00",
    )  # fmt: skip
    assert (day["start"], day["end"]) == ("2026-11-21T00:00:00+01:00", "2026-11-22T00:00:00+01:00")
    assert (day["spent_usd"], day["forecast_usd"], day["state"]) == ("0", None, "ok")
    assert (month["start"], month["end"]) == ("2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00")
    assert (month["limit_usd"], month["spent_usd"], month["percent"]) == ("100", "71.000000001", 71.0)
    assert (month["state"], month["threshold_reached"], month["requests"]) == ("forecast", 0.5, 2)
    # Ten days and one hour are known, 239 hours to come.
    assert Decimal(month["forecast_usd"]) == round(Decimal("71.000000001") * (241 + 239) / 241, 9)
    assert month["forecast_method"] == "run rate"


@pytest.mark.usefixtures("budgets")
def test_every_format_tells_the_same_verdict() -> None:
    fill(spend(101))
    documents = {}
    for name in ("table", "json", "junit", "sarif", "markdown", "github"):
        ran = llmcost("budget", "check", *AS_OF, "--format", name)
        assert ran.code == 3
        assert ran.err == "over budget: a month 2026-11 spent $101.00 of $100.00\n"
        documents[name] = ran.out
    assert json.loads(documents["sarif"])["runs"][0]["results"][0]["ruleId"] == "budget/breach"
    assert ET.fromstring(documents["junit"]).find(".//failure[@type='breach']") is not None  # noqa: S314
    assert "| a | month 2026-11 | $101.00 |" in documents["markdown"]
    assert "::error file=budgets.yaml,line=1,title=LLM budget::a month 2026-11 spent" in documents["github"]


def test_nothing_depends_on_anything_but_the_moment() -> None:
    more = "{name: all, scope: all, limits: [{window: 30d, tokens: 50}, {window: week, amount: 9}]}"
    Path("budgets.yaml").write_text(f"{BUDGETS[:-1]}, {more}]", "utf-8")
    fill(*(row(f"2026-{month}-{day:02}T09:00:00Z", "a", day * USD // 3) for month in (10, 11) for day in range(1, 21)))
    for name in ("table", "json", "junit", "sarif", "markdown", "github"):
        first, again = (llmcost("budget", "check", *AS_OF, "--format", name) for _ in range(2))
        assert first == again
    assert llmcost("budget", "status", *AS_OF) == llmcost("budget", "status", *AS_OF)


@pytest.mark.usefixtures("budgets")
def test_a_jobs_summary_is_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(spend(101))
    summary = Path("summary.md")
    summary.write_text("before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert llmcost("budget", "check", *AS_OF).code == 3
    assert summary.read_text("utf-8") == "before\n"
    assert llmcost("budget", "check", *AS_OF, "--format", "github").code == 3
    markdown = llmcost("budget", "check", *AS_OF, "--format", "markdown").out
    assert summary.read_text("utf-8") == "before\n" + markdown
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/")
    ran = llmcost("budget", "check", *AS_OF, "--format", "github")
    assert ran.code == 3
    assert "the job's summary could not be written" in ran.err


def test_annotations_are_relative_to_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("ops/llm")
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text(BUDGETS, "utf-8")
    fill(spend(101))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd()))
    monkeypatch.chdir(folder)
    ran = llmcost("budget", "check", *AS_OF, "--format", "github", "--budgets", "b.yaml")
    assert ran.out.startswith("::error file=ops/llm/b.yaml,line=1,")
    monkeypatch.setenv("GITHUB_WORKSPACE", "/elsewhere")
    ran = llmcost("budget", "check", *AS_OF, "--format", "github", "--budgets", "b.yaml")
    assert ran.out.startswith("::error file=b.yaml,line=1,")


def test_an_expired_waiver_is_a_breach_and_says_whose() -> None:
    text = "budgets: [{app_id: a, monthly_limit: 100, waivers: [{until: 2026-11-20, by: ana, reason: the sale}]}]"
    Path("budgets.yaml").write_text(text, "utf-8")
    fill(spend(101))
    held = llmcost("budget", "check", *AS_OF)
    assert held.code == 0
    assert "within budget (1 limit); 1 limit exceeded under a waiver" in held.err
    assert "waived until 2026-11-20 by ana: the sale" in llmcost("budget", "status", *AS_OF).out
    lapsed = llmcost("budget", "check", "--as-of", "2026-11-21T00:00:00Z")
    assert lapsed.code == 3
    assert lapsed.err == (
        "over budget: a month 2026-11 spent $101.00 of $100.00; the waiver by ana expired on 2026-11-20\n"
    )


def test_limits_that_contradict_each_other_are_warned_of() -> None:
    Path("budgets.yaml").write_text("budgets:\n  - {app_id: a, daily_limit: 500, monthly_limit: 10000}\n", "utf-8")
    fill(spend(1))
    said = (
        "warning: budgets.yaml:2: 'a': 500.00 USD per day x 30 = 15,000.00 USD is more than the 10,000.00 USD per"
        " month, which end first\n"
    )
    for line in (("check", *AS_OF), ("status", *AS_OF), ("list",)):
        ran = llmcost("budget", *line)
        assert (ran.code, ran.err.startswith(said)) == (0, True)
    annotated = llmcost("budget", "check", *AS_OF, "--format", "github").out
    assert annotated.startswith("::warning file=budgets.yaml,line=2,title=LLM budget::'a': 500.00 USD per day x 30")


def test_money_in_another_currency() -> None:
    Path("pricing.yaml").write_text("version: 1\ncurrencies: {EUR: {usd: 1.25, date: 2026-11-19}}\n", "utf-8")
    Path("budgets.yaml").write_text("currency: EUR\nbudgets: [{app_id: a, monthly_limit: 80}]\n", "utf-8")
    fill(spend(100))
    ran = llmcost("budget", "check", *AS_OF)
    assert ran.code == 0  # the limit of 100 dollars itself may be spent
    assert "80.00 EUR  80.00 EUR  100.0%" in ran.out
    assert "1 EUR = 1.25 USD on 2026-11-19 (./pricing.yaml)\n" in ran.err
    assert "limit      80.00 EUR per month" in llmcost("budget", "list").out
    assert "$100.00 of $100.00" in llmcost("budget", "status", *AS_OF, "--currency", "usd").out
    Path("budgets.yaml").write_text("budgets: [{app_id: a, monthly_limit: 100}]\n", "utf-8")
    shown = llmcost("budget", "check", *AS_OF, "--currency", "eur", "--json").json["budgets"][0]
    assert (shown["limit_usd"], shown["currency"]["code"], shown["currency"]["usd"]) == ("100", "EUR", "1.25")
    unknown = llmcost("budget", "check", *AS_OF, "--currency", "GBP")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.startswith("error: no rate for the currency 'GBP'\nhint: state it in pricing.yaml")
    Path("pricing.yaml").write_text("\n".join(re.findall(r"`(.*?)`", unknown.err)), "utf-8")
    assert "GBP" in llmcost("budget", "check", *AS_OF, "--currency", "GBP").out


def test_the_list_says_which_secrets_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "budgets: [{app_id: a, monthly_limit: 1, notification_channels: [{type: slack, webhook: '${HOOK}'},"
        " {type: webhook, url: 'https://x.example.com/y', secret: '${KEY}'}]}]"
    )
    Path("budgets.yaml").write_text(text, "utf-8")
    monkeypatch.setenv("KEY", "verysecret")
    ran = llmcost("budget", "list")
    assert "warning: ${HOOK} is not set: channels that use it cannot be told anything" in ran.err
    assert "KEY" not in ran.err
    assert "verysecret" not in ran.out + ran.err


@pytest.mark.usefixtures("budgets")
def test_status_draws_bars_and_always_ends_well() -> None:
    fill(spend(101))
    check, status = llmcost("budget", "check", *AS_OF), llmcost("budget", "status", *AS_OF)
    assert (check.code, status.code) == (3, 0)
    assert check.err == status.err
    assert "month 2026-11   ████████████  101.0%  $101.00 of $100.00  breach" in status.out
    ours, theirs = (llmcost("budget", name, *AS_OF, "--json").json for name in ("status", "check"))
    assert ours | {"exit_code": 3} == theirs


@pytest.mark.parametrize(("as_of", "shown"), [(AS_OF[1], "7"), ("2026-10-20T12:00:00Z", "0")])
def test_what_live_requests_reserve_is_shown_in_its_own_window(as_of: str, shown: str) -> None:
    Path("budgets.yaml").write_text("budgets: [{app_id: a, monthly_limit: 100, limits: [{window: 7d, amount: 50}]}]")
    fill(row("2026-10-19T00:00:00Z", "a", 0), spend(10))
    budget = load(Path("budgets.yaml")).budgets[0]
    now = us(AS_OF[1])
    claims = [
        Claim(counter_key(budget, limit, UTC), period_of(limit.window, now, UTC).start, limit.amount, 7 * USD)
        for limit in budget.limits
    ]
    held = Reservations(reserved_beside(Path("ledger.db")), now_us=now)
    assert isinstance(held.reserve(claims, now_us=now, spent=lambda _: 0), Reservation)
    held.close()
    found = llmcost("budget", "check", "--as-of", as_of, "--json").json["budgets"]
    assert [limit["reserved_usd"] for limit in found] == [shown, shown]
    assert ("reserved for requests under way: $7.00" in llmcost("budget", "status", "--as-of", as_of).out) == (
        shown == "7"
    )


@pytest.mark.usefixtures("budgets")
def test_bars_are_drawn_in_ascii_where_there_is_nothing_else() -> None:
    fill(spend(40))
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with redirect_stdout(out):
        assert run(["budget", "status", *AS_OF, "--quiet"]) == 0
    out.seek(0)
    assert "  month 2026-11   #####-----..   40.0%  $40.00 of $100.00  ok" in out.read()


@pytest.mark.usefixtures("budgets")
def test_quiet_leaves_the_data() -> None:
    fill(spend(101))
    ran = llmcost("budget", "check", *AS_OF, "--quiet")
    assert (ran.code, ran.err) == (3, "")
    assert "breach" in ran.out


def test_no_cell_is_cut_in_a_pipe() -> None:
    name = "app-" + "x" * 300
    Path("budgets.yaml").write_text(f"budgets: [{{app_id: {name}, daily_limit: 1}}]", "utf-8")
    fill(row("2026-11-20T00:00:00Z", name, USD))
    assert name in llmcost("budget", "check", *AS_OF).out
    assert name in llmcost("budget", "list").out


def test_the_file_is_the_options_then_the_settings_then_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("option", "variable", "setting", "budgets"):
        Path(f"{name}.yaml").write_text(f"budgets: [{{app_id: {name}, daily_limit: 1}}]", "utf-8")

    def app(*options: str) -> str:
        return str(llmcost("budget", "list", "--json", *options).json["budgets"][0]["name"])

    assert app() == "budgets"
    config = Path("config.toml")
    config.write_text('budgets = "setting.yaml"\n', "utf-8")
    monkeypatch.setenv("LLMCOST_CONFIG", str(config))
    assert app() == "setting"
    monkeypatch.setenv("LLMCOST_BUDGETS", "variable.yaml")
    assert app() == "variable"
    assert app("--budgets", "option.yaml") == "option"


def test_without_a_file_the_example_is_named_and_not_used() -> None:
    fill(spend(1))
    ran = llmcost("budget", "check")
    assert (ran.code, ran.out) == (2, "")
    assert "error: no budgets.yaml here" in ran.err
    assert "llmcost budget list --example > budgets.yaml" in ran.err
    named = llmcost("budget", "check", "--budgets", "gone.yaml")
    assert named.code == 2
    assert "no such budget file: gone.yaml (option)" in named.err


def test_the_example_can_be_used() -> None:
    example = llmcost("budget", "list", "--example")
    assert example.code == 0
    Path("budgets.yaml").write_text(example.out, "utf-8")
    listed = llmcost("budget", "list")
    unset = "warning: ${SLACK_WEBHOOK} is not set: channels that use it cannot be told anything\n"
    assert (listed.code, listed.err) == (0, f"{unset}3 budgets in budgets.yaml\n")
    assert "chatbot-production" in listed.out
    assert "50%, 80%, 95%" in listed.out
    assert llmcost("budget", "list", "--example", "--json").json["budgets"][1]["name"] == "internal-tools"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fail-on", "warning"), "error: unknown --fail-on 'warning'; did you mean 'warn'?"),
        (("--max-age", "yesterday"), "error: not a time span: 'yesterday'"),
        (("--format", "csv"), "error: unknown format 'csv'"),
    ],
)
@pytest.mark.usefixtures("budgets")
def test_options_are_checked_before_anything_is_read(options: tuple[str, ...], message: str) -> None:
    ran = llmcost("budget", "check", *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_bad_file_comes_before_a_missing_ledger() -> None:
    Path("budgets.yaml").write_text("budgets:\n  - app_id: a\n    daily_limit: lots\n", "utf-8")
    ran = llmcost("budget", "check")
    assert ran.code == 2
    assert ran.err.startswith("error: budgets.yaml:3: 'daily_limit' is not a number: 'lots'\nhint: ")


@pytest.mark.parametrize(
    "address", ["https://hooks.slack.com/services/T0/B0/verysecret", "https://a.example.com/verysecret"]
)
def test_no_output_gives_a_webhook_away(address: str) -> None:
    text = (
        "budgets: [{app_id: a, monthly_limit: 100, notification_channels: ["
        f"{{type: slack, webhook: '{address}'}}, {{type: webhook, url: '{address}'}}]}}]"
    )
    Path("budgets.yaml").write_text(text, "utf-8")
    fill(spend(101))
    formats = [("check", *AS_OF, "--format", f) for f in ("table", "json", "junit", "sarif", "markdown", "github")]
    for line in (("list",), ("list", "--json"), ("status", *AS_OF), *formats):
        ran = llmcost("budget", *line)
        assert "verysecret" not in ran.out + ran.err
    Path("budgets.yaml").write_text(text.replace("monthly_limit: 100", "monthly_limit: x"), "utf-8")
    assert "verysecret" not in llmcost("budget", "check").err
    Path("budgets.yaml").write_text(text.replace("url: '", "url: ['").replace("'}]", "']}]"), "utf-8")
    assert "verysecret" not in llmcost("budget", "check").err


def test_a_referenced_secret_is_never_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example.com/verysecret")
    text = "budgets: [{app_id: a, monthly_limit: 1, notification_channels: [{type: slack, webhook: '${HOOK}'}]}]"
    Path("budgets.yaml").write_text(text, "utf-8")
    ran = llmcost("budget", "list")
    assert "slack: ${HOOK}" in ran.out
    assert "verysecret" not in ran.out


def test_names_from_a_file_cannot_drive_the_terminal() -> None:
    Path("budgets.yaml").write_text('budgets: [{app_id: "evil\\e[2Jname-long-enough", daily_limit: 1}]', "utf-8")
    fill(row("2026-11-20T00:00:00Z", "b", USD))
    formats = [("check", *AS_OF, "--format", f) for f in ("table", "json", "junit", "sarif", "markdown", "github")]
    for line in (("list",), ("status", *AS_OF), *formats):
        ran = llmcost("budget", *line)
        assert "\x1b" not in ran.out + ran.err
        assert "evil" in ran.out
