"""Results as text: one file per format, each a pure function to str."""

#: Format of a report -> "module:function" of (Report, View) -> str; a new one is a file and a line here.
REPORT_FORMATS: dict[str, str] = {
    "table": "llmcost.reporting.report_table:render",
    "json": "llmcost.reporting.report_json:render",
    "csv": "llmcost.reporting.report_csv:render",
    "markdown": "llmcost.reporting.report_markdown:render",
}
