#!/usr/bin/env bash
# What `llmcost diff` says of a pull request: the prompts of this folder with a date in the first lines of one and a larger model in
# another. Needs git and llmcost on the PATH; writes nothing outside a temporary folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=ana GIT_AUTHOR_EMAIL=ana@example.com GIT_COMMITTER_NAME=ana GIT_COMMITTER_EMAIL=ana@example.com
export GIT_AUTHOR_DATE=2026-11-23T09:00:00Z GIT_COMMITTER_DATE=2026-11-23T09:00:00Z

mkdir "$work/shop"
cd "$work/shop"
git init --quiet --initial-branch=main
cp -R "$here/prompts.yaml" "$here/prompts" .
sed '/{{date}}/d' "$here/prompts/support.md" > prompts/support.md
sed 's/gpt-4o/gpt-4o-mini/' "$here/prompts/chat.json" > prompts/chat.json
git add --all
git commit --quiet --message "Before"
cp "$here/prompts/support.md" "$here/prompts/chat.json" prompts/
llmcost diff --ledger "$work/ledger.db" "$@"
