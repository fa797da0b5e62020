# shellcheck shell=bash
# The systemd-nspawn container: start, stop, run a command in it.

RUNTIME=/run/$CONTAINER # leader, supervisor, owner (state directory), forwarding-was-off, root (mount point)

# The running container's first process, as this machine numbers it; or nothing. Everything goes by it and not by
# systemd-nspawn: the container outlives that when it is killed.
leader() {
  local pid born
  read -r pid born 2>/dev/null <"$RUNTIME/leader" && [[ $(birth "$pid") == "$born" ]] && echo "$pid"
}

# When a process started, in ticks since the machine's boot: tells it from a later one with the same number.
birth() { awk '{ print $22 }' "/proc/$1/stat" 2>/dev/null; }

# Whether the running container (if any) is this clone's.
ours() { [[ $(cat "$RUNTIME/owner" 2>/dev/null) == "$STATE" ]]; }

running() { [[ -n $(leader) ]] && ours; }

require_no_other() {
  if [[ -n $(leader) ]] && ! ours; then
    fail "another dev cloud runs on this machine; its state is in $(cat "$RUNTIME/owner"). Stop it there (npm run down), then try again."
  fi
}

# start_container UPPER WORK LOWER...: the first LOWER is the topmost.
start_container() {
  local upper=$1 work=$2 lower
  shift 2
  lower=$(IFS=: && echo "$*")
  require_free_network
  mkdir -p "$RUNTIME"
  rm --force "$RUNTIME/leader" "$RUNTIME/supervisor"
  echo "$STATE" >"$RUNTIME/owner"
  local boot=("$HERE/lib/boot-container" "$lower" "$upper" "$work")
  if [[ -d /run/systemd/system ]]; then
    systemd-run --quiet --collect --unit="$CONTAINER" --description='xwmooc dev cloud' \
      --property=Delegate=yes --property=KillMode=mixed --property=TimeoutStopSec=150 \
      --property=StandardOutput="append:$LOGS/console.log" --setenv=IMAGES="${IMAGES:-}" "${boot[@]}"
  else
    # no systemd on this machine: a session of its own (without the lock, which would stay taken while it runs)
    setsid "${boot[@]}" </dev/null >>"$LOGS/console.log" 2>&1 {LOCK}>&- &
  fi
  for _ in {1..600}; do
    find_leader && in_container systemctl show --property=Version >/dev/null 2>&1 && break
    sleep 0.1
  done
  if [[ -z $(leader) ]]; then
    kill -KILL "$(cat "$RUNTIME/supervisor")" 2>/dev/null || true
    fail "the container did not start. The last lines of $LOGS/console.log:
$(tail -n 5 "$LOGS/console.log")"
  fi
  network_up
}

# Writes down the first process of the container that was just started, once it is there.
find_leader() {
  local supervisor children child
  [[ -z $(leader) ]] || return 0
  supervisor=$(cat "$RUNTIME/supervisor" 2>/dev/null) || return 1
  read -ra children <<<"$(cat "/proc/$supervisor/task/$supervisor/children" 2>/dev/null)"
  for child in "${children[@]}"; do
    # in between there are short-lived processes of systemd-nspawn: the right one is first in a namespace of its own
    if [[ $(cat "/proc/$child/comm") == systemd ]] && grep --quiet --perl-regexp '^NSpid:\t\d+\t1$' "/proc/$child/status"; then
      echo "$child $(birth "$child")" >"$RUNTIME/leader"
      return
    fi
  done
  return 1
}

# in_container COMMAND...
in_container() {
  nsenter --target "$(leader)" --mount --uts --ipc --net --pid -- \
    env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

# An orderly shutdown of the container (servers included, see libvirt-guests), cut off after a time limit.
stop_container() {
  local pid
  if pid=$(leader); then
    kill -s RTMIN+4 "$pid" # systemd's signal for poweroff
    for _ in {1..1200}; do
      [[ -n $(leader) ]] || break
      sleep 0.1
    done
    if [[ -n $(leader) ]]; then kill -KILL "$pid"; fi
  fi
  network_down
  remove_control_groups
  rm --recursive --force "$RUNTIME"
}

# Those that lib/boot-container made; on a machine with systemd there are none.
remove_control_groups() {
  local group
  for group in /sys/fs/cgroup/{,unified/,systemd/}"$CONTAINER"; do
    for _ in {1..20}; do
      [[ -d $group ]] || break
      # the last process may still be on its way out
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
  done
}
