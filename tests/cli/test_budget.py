from pathlib import Path

import pytest

from llmcost.ledger.protocol import PricedRecord
from tests.budgets.rows import USD, ledger, row
from tests.run import llmcost

AS_OF = ("--as-of", "2026-11-20T23:59:59.999999Z")  # two thirds of November
BUDGETS = "budgets: [{app_id: a, daily_limit: 10, monthly_limit: 100, alert_thresholds: [0.5, 0.8]}]"


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
    return row("2026-11-03T00:00:00Z", "a", usd * USD)


@pytest.mark.parametrize(
    ("usd", "options", "code", "said"),
    [
        (30, (), 0, "within budget (2 limits)"),
        (60, (), 0, "within budget (2 limits); 1 alert threshold reached"),
        (60, ("--fail-on", "warn"), 5, "alert threshold reached: a month 2026-11 is at 60.0% (threshold 50%)"),
        (60, ("--fail-on", "forecast"), 0, "within budget (2 limits); 1 alert threshold reached"),
        (70, (), 0, "; 1 alert threshold reached; 1 limit forecast to be exceeded"),
        (70, ("--fail-on", "forecast"), 4, "forecast over budget: a month 2026-11 heads for $105.00 of $100.00"),
        (70, ("--fail-on", "warn"), 5, "alert threshold reached"),
        (70, ("--fail-on", "warn", "--fail-on", "forecast"), 4, "forecast over budget"),
        (70, ("--fail-on", "breach,forecast"), 4, "forecast over budget"),
        (100, (), 0, "within budget"),
        (101, (), 3, "over budget: a month 2026-11 spent $101.00 of $100.00"),
        (101, ("--fail-on", "warn"), 3, "over budget"),
        (70, ("--max-age", "24h", "--fail-on", "forecast"), 6, "the newest request is of 2026-11-03T00:00:00Z"),
        (70, ("--max-age", "18d"), 0, "within budget"),
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
    fill()
    empty = llmcost("budget", "check", *AS_OF)
    assert empty.code == 6
    assert "the ledger has no request up to 2026-11-20T23:59:59.999999Z" in empty.err


@pytest.mark.usefixtures("budgets")
def test_a_scope_that_never_matched_fails() -> None:
    fill(row("2026-11-03T00:00:00Z", "another", USD))
    ran = llmcost("budget", "check", *AS_OF)
    assert ran.code == 6
    assert "no request of app 'a' was ever seen" in ran.err


@pytest.mark.usefixtures("budgets")
def test_json() -> None:
    fill(row("2026-11-03T00:00:00Z", "a", 60 * USD + 1), row("2026-11-20T22:30:00Z", "a", 11 * USD))
    ran = llmcost("budget", "check", *AS_OF, "--json", "--tz", "Europe/Berlin")
    assert ran.code == 0
    assert ran.json == {
        "schema_version": 1,
        "as_of": "2026-11-21T00:59:59.999999+01:00",
        "tz": "Europe/Berlin",
        "file": "budgets.yaml",
        "newest_request": "2026-11-20T23:30:00+01:00",
        "verdict": "ok",
        "problems": [],
        "budgets": [
            {
                "app": "a",
                "scope": {"app": "a"},
                "window": "day",
                "start": "2026-11-21T00:00:00+01:00",
                "end": "2026-11-22T00:00:00+01:00",
                "limit_usd": "10",
                "spent_usd": "0",
                "percent": 0.0,
                "state": "ok",
                "threshold_reached": None,
                "requests": 0,
                "unpriced_requests": 0,
                "forecast_usd": None,
                "forecast_method": None,
            },
            {
                "app": "a",
                "scope": {"app": "a"},
                "window": "month",
                "start": "2026-11-01T00:00:00+01:00",
                "end": "2026-12-01T00:00:00+01:00",
                "limit_usd": "100",
                "spent_usd": "71.000000001",
                "percent": 71.0,
                "state": "forecast",
                "threshold_reached": 0.5,
                "requests": 2,
                "unpriced_requests": 0,
                # 481 of 720 hours
                "forecast_usd": "106.27858628",
                "forecast_method": "linear run rate",
            },
        ],
    }


@pytest.mark.usefixtures("budgets")
def test_status_shows_the_same_and_always_ends_well() -> None:
    fill(spend(101))
    check, status = llmcost("budget", "check", *AS_OF), llmcost("budget", "status", *AS_OF)
    assert (check.code, status.code) == (3, 0)
    assert (check.out, check.err) == (status.out, status.err)
    assert llmcost("budget", "status", *AS_OF, "--json").json == llmcost("budget", "check", *AS_OF, "--json").json


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
        return str(llmcost("budget", "list", "--json", *options).json["budgets"][0]["app"])

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
    assert (listed.code, listed.err) == (0, "2 budgets in budgets.yaml\n")
    assert "chatbot-production" in listed.out
    assert "50%, 80%, 95%" in listed.out
    assert llmcost("budget", "list", "--example", "--json").json["budgets"][1]["app"] == "internal-tools"


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
    for line in (("list",), ("list", "--json"), ("check", *AS_OF), ("check", *AS_OF, "--json"), ("status", *AS_OF)):
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
    for line in (("list",), ("check", *AS_OF), ("check", *AS_OF, "--json")):
        ran = llmcost("budget", *line)
        assert "\x1b" not in ran.out + ran.err
        assert "evil" in ran.out
