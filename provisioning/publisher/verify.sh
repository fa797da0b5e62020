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

# behind: the courses of which something is to be published since the service was started, with spaces between. Of a pinned one
# nothing is.
behind() {
  site-publisher status --json | node -e '
    const { courses } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const isBehind = ({ lagSeconds, state }) => lagSeconds === null && state !== "pinned";
    console.log(courses.filter(isBehind).map(({ name }) => name).join(" "));'
}
is_published() {
  local before=${open-}
  open=$(behind)
  if [[ -n $open && $open != "$before" ]]; then say "waiting for the publication of: $open"; fi
  [[ -z $open ]]
}
if [[ $AWAIT_COURSES == yes ]]; then
  wait_until 1500 is_published || fail "these courses are not published: $open; see: site-publisher status"
  say "verified: all courses are published"
  exit
fi
say "verified: the publisher answers"
