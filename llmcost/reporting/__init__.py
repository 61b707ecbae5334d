"""Results as text: one file per format, each a pure function to str."""

#: Format of a report -> "module:function" of (Report, View) -> str; a new one is a file and a line here.
REPORT_FORMATS: dict[str, str] = {
    "table": "llmcost.reporting.report_table:render",
    "json": "llmcost.reporting.report_json:render",
    "csv": "llmcost.reporting.report_csv:render",
    "markdown": "llmcost.reporting.report_markdown:render",
}

#: Formats of a report that are pictures, drawn by `llmcost.reporting.plot`.
PICTURES = ("png", "svg")

#: Format of a budget check -> "module:function" of (Outcome) -> str.
BUDGET_FORMATS: dict[str, str] = {
    "table": "llmcost.reporting.budgets_table:render_table",
    "json": "llmcost.reporting.budgets_json:render_json",
    "junit": "llmcost.reporting.budgets_junit:render_junit",
    "sarif": "llmcost.reporting.budgets_sarif:render_sarif",
    "markdown": "llmcost.reporting.budgets_markdown:render_markdown",
    "github": "llmcost.reporting.budgets_github:render_github",
}
