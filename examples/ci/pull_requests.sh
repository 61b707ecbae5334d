#!/usr/bin/env bash
# Five pull requests at the gate, in a repository and with a ledger made for it: one passes, one costs too much a month (3),
# one comes when the month's budget is spent (3), one when it is forecast to be (4), one when the ledger is stale (6).
# Needs git and llmcost on the PATH; writes nothing outside a temporary folder. Ends with 0 when all ended as they should.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset "${!LLMCOST_@}" "${!GATE_@}"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=ana GIT_AUTHOR_EMAIL=ana@example.com GIT_COMMITTER_NAME=ana GIT_COMMITTER_EMAIL=ana@example.com
export LLMCOST_TZ=UTC LLMCOST_LEDGER=$work/ledger.db

mkdir -p "$work/shop/prompts"
cd "$work/shop"
git init --quiet --initial-branch=main
cat > pricing.yaml << 'END'
version: 1
models:
  - {model: small, provider: example, input: 1, output: 5}
  - {model: large, provider: example, input: 10, output: 50}
END
cat > budgets.yaml << 'END'
budgets:
  - {app_id: support, monthly_limit: 40}
END
printf 'calls_per_month: 10000\noutput_tokens: 100\n' > prompts.yaml
printf -- '---\nmodel: small\n---\nAnswer the question of a customer. Be short.\n' > prompts/support.md
git add --all
git commit --quiet --message "A shop"

# November: $0.50 a day up to the 10th, then $2.00 a day.
for day in $(seq -w 1 30); do
  tokens=$((10#$day > 10 ? 2000000 : 500000))
  printf '{"timestamp": "2026-11-%sT12:00:00Z", "request_id": "day-%s", "provider": "example", "model": "small", ' "$day" "$day"
  printf '"app": "support", "input_tokens": %d, "output_tokens": 0}\n' "$tokens"
done > "$work/requests.jsonl"
llmcost ingest "$work/requests.jsonl" --quiet > /dev/null

failed=0
pull_request() { # NAME, DAY, EXPECTED EXIT CODE, sed script for prompts/support.md
  git checkout --quiet -b "$1" main
  sed "$4" prompts/support.md > "$work/edited"
  cp "$work/edited" prompts/support.md
  git commit --quiet --all --message "$1"
  local code=0
  LLMCOST_AS_OF=$2 GATE_FAIL_OVER_USD=20 GATE_FAIL_ON=forecast GATE_MAX_AGE=24h \
    bash "$here/gate.sh" main "$work/$1" 2> "$work/$1.log" || code=$?
  echo "$1: exit code $code"
  sed 's/^/    /' "$work/$1.log"
  if [ "$code" -ne "$3" ]; then
    echo "    expected $3"
    failed=1
  fi
}

pull_request small-edit 2026-11-10T18:00:00Z 0 's/short/brief/'
pull_request larger-model 2026-11-10T18:00:00Z 3 's/small/large/'
pull_request over-budget 2026-11-30T18:00:00Z 3 's/short/brief/'
pull_request heading-over 2026-11-24T18:00:00Z 4 's/short/brief/'
pull_request stale-ledger 2026-12-03T18:00:00Z 6 's/short/brief/'
exit "$failed"
