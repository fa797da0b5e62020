#!/usr/bin/env bash
# Proves that the mirror runs and that the source's store takes its credentials. A source that is away is no failure: what is
# here stays and is served.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mirror
. ./lib.sh
. ./paths.sh

for file in from.json to.json; do require_private "$etc/$file" content-mirror; done
code=0
problem=$(node ./ask-store.cjs "$etc/from.json") || code=$?
case $code in
0) ;;
1) say "warning: the region that is mirrored is away, nothing is copied until it is back: $problem" ;;
*) fail "the region that is mirrored: $problem" ;;
esac

runs() { systemctl --quiet is-active "${unit##*/}" && [[ -s $state ]]; }
if ! wait_until 60 runs; then
  words=$(journalctl --unit "${unit##*/}" --identifier node --lines 1 --output cat)
  fail "the mirror does not run; ${unit##*/} is in state '$(systemctl show --property=SubState --value "${unit##*/}")'; its last words: ${words:-none}"
fi
say "verified: the courses are compared; see: npm run status"
