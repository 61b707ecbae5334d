"""`llmcost config`: each setting and where it came from."""

from __future__ import annotations

import json

from llmcost.cli.environment import SETTINGS, Env
from llmcost.cli.options import command, group

app = group()


def show(env: Env) -> None:
    """Each setting, its value, and where it came from; then the files that are read."""
    from llmcost.core.text import printable, redact

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
            "settings": {
                name: {"value": redact(value), "origin": origin} for name, (value, origin) in settings.items()
            },
            "attribution_rules": len(env.rules.rules),
            "files": files,
            "price_layers": [{"name": name, "origin": origin} for name, origin in layers],
        }
        env.emit(json.dumps(document, ensure_ascii=False, indent=2))
        return
    from llmcost.reporting.columns import columns

    rows = [(name, origin, redact(value) or "-") for name, (value, origin) in settings.items()]
    rows.append(
        ("attribution", f"file {env.config_file}" if env.rules.rules else "default", f"{len(env.rules.rules)} rules")
    )
    rows += [(name, "where it is looked for", path) for name, path in files.items()]
    rows += [(f"prices {rank}", name, origin) for rank, (name, origin) in enumerate(layers, 1)]
    # Not a table that folds: a path is to be copied whole.
    env.emit("\n".join(columns([("setting", "from", "value"), *(tuple(map(printable, row)) for row in rows)])))


app.command("show")(command(show))
