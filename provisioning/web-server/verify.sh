#!/usr/bin/env bash
# Proves that the site answers on this machine, and that hidden files don't.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
read_inputs

# status_of PATH: nginx's answer to a GET, as a number; empty if there is none.
status_of() {
  local status
  {
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" "${SERVER_NAME:-localhost}" >&3
    read -r -t 5 _ status _ <&3
    echo "$status"
  } 3<>/dev/tcp/127.0.0.1/80
} 2>/dev/null

serves() { [[ $(status_of /) == 200 ]]; }
wait_until 30 serves || {
  status=$(status_of / || true)
  fail "nginx does not serve the start page: it answers ${status:-nothing} to http://127.0.0.1/"
}
[[ $(status_of /.hidden) == 404 ]] || fail "nginx would serve hidden files: it answers $(status_of /.hidden) to /.hidden"
say "verified: http://127.0.0.1/ answers 200"
