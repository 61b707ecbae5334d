#!/usr/bin/env bash
# The gate of a pull request: what it costs, and how the budgets stand.
#
#   gate.sh BASE [FOLDER]
#
# Prices what changed between BASE and HEAD, checks the budgets, and leaves diff.json and budget.json in FOLDER (.llmcost)
# for `llmcost comment`. Exits with the first of 1, 2, 3, 6, 4 and 5 that one of the two ended with, else with 0.
#
# Settings come from the environment: LLMCOST_LEDGER, LLMCOST_BUDGETS, LLMCOST_TZ and, all optional,
#   GATE_FAIL_OVER_USD  the most a pull request may add per month
#   GATE_FAIL_ON        forecast, warn or both (forecast,warn): what fails beside a breach
#   GATE_MAX_AGE        how old the ledger's newest request may be: 24h
#   GATE_STRICT         true: costs that are not known and requests without a price fail, too
set -euo pipefail

base=${1:?usage: gate.sh BASE [FOLDER]}
folder=${2:-.llmcost}
mkdir -p "$folder"
rm -f "$folder/diff.json" "$folder/budget.json"

diff=(llmcost diff --json --output "$folder/diff.json")
budget=(llmcost budget check --json --output "$folder/budget.json")
if [ -n "${GATE_FAIL_OVER_USD:-}" ]; then diff+=(--fail-over-usd="$GATE_FAIL_OVER_USD"); fi
if [ -n "${GATE_FAIL_ON:-}" ]; then budget+=(--fail-on="$GATE_FAIL_ON"); fi
if [ -n "${GATE_MAX_AGE:-}" ]; then budget+=(--max-age="$GATE_MAX_AGE"); fi
case ${GATE_STRICT:-false} in
  true)
    diff+=(--strict --max-age="${GATE_MAX_AGE:-7d}")
    budget+=(--strict)
    ;;
  false) ;;
  *)
    echo "error: GATE_STRICT is neither true nor false" >&2
    exit 2
    ;;
esac

rank() {
  case $1 in
    0) echo 0 ;;
    5) echo 1 ;;
    4) echo 2 ;;
    6) echo 3 ;;
    3) echo 4 ;;
    2) echo 5 ;;
    *) echo 6 ;;
  esac
}

worst=0
run() {
  local code=0
  "$@" || code=$?
  if [ "$(rank "$code")" -gt "$(rank "$worst")" ]; then worst=$code; fi
}

run "${diff[@]}" -- "$base...HEAD"
run "${budget[@]}"
exit "$worst"
