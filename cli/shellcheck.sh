#!/bin/sh
# Runs shellcheck over every shell script that git tracks, told by its extension or its first line.
set -eu
cd "$(dirname "$0")/.."
if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is missing. On Debian and Ubuntu: apt-get install shellcheck" >&2
  exit 1
fi
scripts=$(
  git ls-files --cached -- '*.sh'
  git grep --cached --files-with-matches --extended-regexp '^#!/(usr/)?bin/(env )?(ba)?sh' -- ':!*.sh' ':!*.md' ':!*.ts'
)
# file names of this repository hold no spaces
# shellcheck disable=SC2086
exec shellcheck --external-sources --source-path=SCRIPTDIR $scripts
