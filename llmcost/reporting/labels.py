"""Labels of the weekly report in English and Chinese. Numbers, names from logs and commands are never translated."""

from __future__ import annotations

from llmcost.core.errors import UsageError, nearest

LANGUAGES = ("en", "zh")

_LABELS: dict[str, tuple[str, str]] = {
    "title": ("LLM spend, {first} to {last}", "LLM 成本报告，{first} 至 {last}"),
    "subject": ("LLM spend {first} to {last}: {cost}", "LLM 成本周报 {first} 至 {last}：{cost}"),
    "spent": ("{cost} spent", "花费 {cost}"),
    "against": ("{change} ({share}) against the period before ({before})", "较上一周期（{before}）{change}（{share}）"),
    "nothing_before": ("nothing recorded before to compare with", "没有上一周期的数据可比较"),
    "no_comparison": ("no comparison: prices are missing", "价格缺失，无法比较"),
    "heading": (
        "{month} is heading for {forecast} ({low} to {high}, four times in five)",
        "{month} 预计 {forecast}（80% 区间 {low} 至 {high}）",
    ),
    "month_so_far": ("{month} so far: {spent}", "{month} 已花费 {spent}"),
    "fullest": (
        "fullest budget: {name} ({window}), {share} of {limit}",
        "使用率最高的预算：{name}（{window}），{limit} 的 {share}",
    ),
    "why": ("Why it changed", "变化原因"),
    "todo": ("What to do", "需要处理"),
    "nothing_to_do": ("Nothing needs attention.", "没有需要处理的事项。"),
    "do_breach": (
        "Budget {name} ({window}) is exceeded: {spent} of {limit}.",
        "预算 {name}（{window}）已超支：{spent} / {limit}。",
    ),
    "do_forecast": (
        "Budget {name} ({window}) is heading for {forecast}, above {limit}.",
        "预算 {name}（{window}）预计达到 {forecast}，超过 {limit}。",
    ),
    "do_rise": (
        "{app} cost {times} its usual on {when} (+{excess}):",
        "{app} 在 {when} 的成本是平时的 {times}（+{excess}）：",
    ),
    "do_drop": (
        "{app} cost {excess} less than usual on {when}; are its logs complete?",
        "{app} 在 {when} 的成本比平时少 {excess}，日志是否完整？",
    ),
    "do_price": ("Requests without a price, which the total lacks: {count}.", "无价格、未计入总额的请求：{count} 个。"),
    "do_stale": (
        "The newest request is of {time}: are logs still read?",
        "最新的请求时间为 {time}，日志是否仍在读取？",
    ),
    "requests": ("Requests", "总请求数"),
    "per_request": ("Average per request", "平均单次成本"),
    "tokens": ("Tokens", "总 Token 数"),
    "tokens_note": ("{input} in, {output} out", "输入 {input}，输出 {output}"),
    "cached": ("Input from prompt cache", "提示缓存命中的输入"),
    "unallocated": ("Without an app", "未归属应用"),
    "without_team": ("{cost} without a team ({share})", "{cost} 未归属团队（{share}）"),
    "unpriced": ("Without a price", "无价格请求"),
    "covered": ("Paid by subscriptions", "订阅内请求"),
    "covered_note": ("{cost} at API prices", "按 API 价格 {cost}"),
    "covered_too": (
        "and {cost} at API prices that subscriptions cover, which changes and groups include",
        "另有订阅覆盖的请求，按 API 价格 {cost}（变化与分组含此部分）",
    ),
    "trend": ("Cost per {unit}", "每{unit}成本"),
    "hour": ("hour", "小时"),
    "day": ("day", "日"),
    "week": ("week", "周"),
    "month": ("month", "月"),
    "quarter": ("quarter", "季度"),
    "top_apps": ("Top {count} apps", "Top {count} 高成本应用"),
    "models": ("Models", "模型"),
    "budgets": ("Budgets", "预算使用情况"),
    "anomalies": ("Unusual spend", "异常支出"),
    "dear": (
        "Requests above twice the 95th percentile of their app: {count}, {cost}",
        "超过其应用第 95 百分位两倍的请求：{count} 个，共 {cost}",
    ),
    "nothing_unusual": ("Nothing unusual.", "没有异常。"),
    "unknown_unusual": ("Not known: rows of this period were compacted.", "未知：该周期的明细已被压缩。"),
    "app": ("app", "应用"),
    "model": ("model", "模型"),
    "cost": ("cost", "成本"),
    "share": ("share", "占比"),
    "change": ("change", "变化"),
    "n_requests": ("requests", "请求数"),
    "n_tokens": ("tokens", "Token 数"),
    "when": ("when", "时间"),
    "usual": ("usual", "平时"),
    "times": ("times", "倍数"),
    "mostly": ("mostly", "主要来自"),
    "times_p95": ("times p95", "p95 倍数"),
    "id": ("id", "标识"),
    "budget": ("budget", "预算"),
    "window": ("window", "周期"),
    "spent_column": ("spent", "已用"),
    "limit": ("limit", "上限"),
    "used": ("used", "使用率"),
    "forecast": ("forecast", "预测"),
    "state": ("state", "状态"),
    "price": ("price", "价格"),
    "volume": ("volume", "用量"),
    "mix": ("mix", "结构"),
    "new": ("new", "新增"),
    "gone": ("gone", "停用"),
    "cause_price_up": ("higher prices", "价格上涨"),
    "cause_price_down": ("lower prices", "价格下降"),
    "cause_volume_up": ("more tokens", "用量增加"),
    "cause_volume_down": ("fewer tokens", "用量减少"),
    "cause_mix_up": ("dearer models or kinds of tokens", "转向更贵的模型或 Token 类型"),
    "cause_mix_down": ("cheaper models or kinds of tokens", "转向更便宜的模型或 Token 类型"),
    "cause_new_up": ("models newly used", "新使用的模型"),
    "cause_gone_down": ("models no longer used", "停用的模型"),
    "cause_unpriced_up": ("models whose prices are incomplete", "价格不完整的模型"),
    "cause_unpriced_down": ("models whose prices are incomplete", "价格不完整的模型"),
    "others": ("{count} others", "其他 {count} 项"),
    "not_set": ("(not set)", "（未设置）"),
    "not_priced": ("unpriced", "无价格"),
    "state_ok": ("ok", "正常"),
    "state_warn": ("warning", "预警"),
    "state_soft": ("over, soft", "超出软限"),
    "state_forecast": ("heading over", "预计超支"),
    "state_waived": ("waived", "已豁免"),
    "state_breach": ("exceeded", "超支"),
    "state_no data": ("no data", "无数据"),
    "sort": ("sort by {column}", "按{column}排序"),
    "as_of": ("As of {time}, {zone}.", "截至 {time}，{zone}。"),
    "prices": ("Prices: {layers}.", "价格来源：{layers}。"),
    "newest": ("Newest request: {time} ({age} before).", "最新请求：{time}（{age}前）。"),
    "no_requests": ("No requests in this period.", "该周期没有请求。"),
    "made_by": ("Made by llmcost {version}.", "由 llmcost {version} 生成。"),
    "chart_desc": (
        "Highest {highest} ({label}); all values are in the table.",
        "最高 {highest}（{label}）；全部数值见表格。",
    ),
    "data": ("The numbers", "数据"),
    "filtered": ("Only {filters}.", "仅含 {filters}。"),
}


class Labels:
    """`labels("title", first=…)` in one language."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError(
                f"unknown language {language!r}{nearest(language, LANGUAGES)}", f"use one of {', '.join(LANGUAGES)}"
            )
        self.language = language
        self._at = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        return _LABELS[key][self._at].format(**values)
