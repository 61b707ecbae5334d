from __future__ import annotations

import json

from llmcost.reporting.routing import Evaluation, as_json, as_text
from llmcost.routing.bootstrap import Interval
from llmcost.routing.evaluation import Figures
from llmcost.routing.gate import Pair, Row
from llmcost.routing.labels import Gathered

FIGURES = Figures(0.654321, (0.1, 0.2, None), (0.5, 0.25, 0.125, None), None, (None,) * 4)
PAIR = Pair(
    "big\x1b[2J", "mini", 1_200, 0.9, 0.6, (Row("learned", FIGURES, Interval(0.6, 0.7)),), Interval(0.01, 0.12), ""
)
OFF = Pair("big", "nano", 1, 0.9, 0.2, (), None, "not enough labels (n = 1 labelled for both)")
FOUND = Evaluation([PAIR, OFF], Gathered([], 2_400, 3, 4), "five-fold cross-validation", True)


def test_a_table_per_pair_and_why_a_pair_is_off() -> None:
    assert as_text(FOUND) == (
        "0 prompts, 2,400 labels; five-fold cross-validation\n"
        "\n"
        "big�[2J (mean quality 0.900) and mini (0.600), 1,200 prompts labelled for both\n"
        "learned: on (ahead of length by +0.010 to +0.120 in APGR)\n"
        "order by   APGR   95 % interval  CPT(20 %)  CPT(50 %)  CPT(80 %)"
        "  saved at 95 %  saved at 98 %  saved at 99 %  saved at 100 %\n"
        "learned   0.654  0.600 to 0.700     10.0 %     20.0 %        n/a"
        "         50.0 %         25.0 %         12.5 %             n/a\n"
        "\n"
        "big (mean quality 0.900) and nano (0.200), 1 prompt labelled for both\n"
        "learned: off, not enough labels (n = 1 labelled for both)"
    )


def test_costs_are_shown_where_they_are_known() -> None:
    row = Row("learned", FIGURES._replace(apgr_cost=0.7, saved_cost=(0.4, 0.3, 0.2, 0.1)), None)
    *_, titles, cells = as_text(FOUND._replace(pairs=[PAIR._replace(rows=(row,))])).splitlines()
    assert titles.endswith(
        "APGR, cost  cost saved at 95 %  cost saved at 98 %  cost saved at 99 %  cost saved at 100 %"
    )
    assert cells.split()[-9:] == ["0.700", "40.0", "%", "30.0", "%", "20.0", "%", "10.0", "%"]


def test_json_has_null_for_what_is_not_known() -> None:
    found = json.loads(as_json(FOUND))
    assert (found["schema_version"], found["labels"], found["contradicting"], found["labels_without_prompt"]) == (
        1,
        2_400,
        3,
        4,
    )
    first, second = found["pairs"]
    assert (first["reason"], first["decides"], first["lead"]) == (None, "learned", [0.01, 0.12])
    assert first["routers"] == {
        "learned": {
            "apgr": 0.654321,
            "interval": [0.6, 0.7],
            "cpt": {"20%": 0.1, "50%": 0.2, "80%": None},
            "saved_calls": {"95%": 0.5, "98%": 0.25, "99%": 0.125, "100%": None},
            "apgr_cost": None,
            "saved_cost": {"95%": None, "98%": None, "99%": None, "100%": None},
        }
    }
    assert (second["on"], second["decides"], second["routers"]) == (False, "prior", {})
