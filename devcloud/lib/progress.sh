# shellcheck shell=bash
# Progress and errors, in words a user understands.

say() { printf '[devcloud %3ds] %s\n' "$SECONDS" "$*"; }

fail() {
  printf 'devcloud: %s\n' "$*" >&2
  exit 1
}

# phase NAME TEXT COMMAND...  runs a command (or function) with its output in a log file, says so, and keeps saying so.
phase() {
  local text=$2 log=$LOGS/$1.log began=$SECONDS status=0 heartbeat
  shift 2
  say "$text ..."
  mkdir -p "$LOGS"
  # ends with the command it speaks of, even a killed one, and does not hold its lock
  while sleep 30 && kill -0 $$ 2>/dev/null; do say "  still $text ($((SECONDS - began)) s)"; done {LOCK}>&- &
  heartbeat=$!
  # not `"$@" || status=$?`: that would switch off errexit inside the function
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  kill "$heartbeat" 2>/dev/null || true
  wait "$heartbeat" 2>/dev/null || true
  ((status == 0)) || fail "$text failed. The last lines of $log:
$(tail -n 15 "$log")"
}
