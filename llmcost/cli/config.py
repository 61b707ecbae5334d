"""`llmcost config`: each setting and where it came from."""

from __future__ import annotations

import json

from llmcost.cli.environment import SETTINGS, Env
from llmcost.cli.options import command, group

app = group()


def show(env: Env) -> None:
    """Each setting, its value, and where it came from; then the files that are read."""
    form = env.choose_format("table", "json")
    settings = {name: env.setting(name) for name in SETTINGS}
    layers = [(layer.name, layer.origin) for layer in env.book.layers]
    files = {
        "configuration": str(env.config_file),
        "your prices": str(env.user_prices),
        "cache": str(env.folder("cache")),
    }
    if form == "json":
        document = {
            "schema_version": 1,
            "settings": {name: setting._asdict() for name, setting in settings.items()},
            "files": files,
            "price_layers": [{"name": name, "origin": origin} for name, origin in layers],
        }
        env.emit(json.dumps(document, ensure_ascii=False, indent=2))
        return
    from llmcost.core.text import printable, redact
    from llmcost.reporting.console import render, table

    rows = [(name, redact(printable(value)) or "-", printable(origin)) for name, (value, origin) in settings.items()]
    rows += [(name, path, "where it is looked for") for name, path in files.items()]
    rows += [(f"prices {rank}", printable(origin), name) for rank, (name, origin) in enumerate(layers, 1)]
    env.emit(render([table(("setting", "value", "from"), rows)], width=env.width, color=env.color))


app.command("show")(command(show))
