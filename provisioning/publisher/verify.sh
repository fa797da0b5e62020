#!/usr/bin/env bash
# Proves that the publisher runs and answers; where it is asked for, that all courses are published.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=publisher
. ./lib.sh
read_inputs

answers() {
  systemctl --quiet is-active site-publisher.service &&
    status=$(timeout 20 site-publisher status --json 2>/dev/null) && [[ $status == '{'* ]]
}
say "waiting for the publisher's first answer ..."
if ! wait_until 90 answers; then
  state=$(systemctl show --property=SubState --value site-publisher.service)
  words=$(journalctl --unit site-publisher.service --identifier node --lines 1 --output cat)
  fail "the publisher does not answer; site-publisher.service is in state '$state'; its last words: ${words:-none}"
fi

if [[ $AWAIT_COURSES == yes ]]; then
  site-publisher wait | while read -r line; do say "$line"; done ||
    fail "the courses are not published (above); see: site-publisher status"
  say "verified: all courses are published"
  exit
fi
say "verified: the publisher answers"
