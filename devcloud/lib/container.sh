# shellcheck shell=bash
# The systemd-nspawn container: start, stop, run a command in it.

RUNTIME=/run/$CONTAINER # leader, owner (state directory), forwarding-was-off, root (mount point)
CGROUP=/sys/fs/cgroup/systemd/$CONTAINER
[[ -d /sys/fs/cgroup/systemd ]] || CGROUP=/sys/fs/cgroup/$CONTAINER

# The running container's first process, as this machine numbers it; or nothing. Everything goes by it and not by
# systemd-nspawn: the container outlives that when it is killed.
leader() {
  local pid
  pid=$(cat "$RUNTIME/leader" 2>/dev/null) && is_init "$pid" && echo "$pid"
}

# Whether a process is a container's systemd: first in a process namespace of its own.
is_init() { [[ $(cat "/proc/$1/comm" 2>/dev/null) == systemd ]] && grep --quiet --perl-regexp '^NSpid:\t\d+\t1$' "/proc/$1/status"; }

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
    # no systemd on this machine: a process group and a control group of its own
    mkdir -p "$CGROUP"
    # (without the lock, which would stay taken as long as the container runs)
    setsid bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$CGROUP" "${boot[@]}" \
      </dev/null >>"$LOGS/console.log" 2>&1 {LOCK}>&- &
  fi
  for _ in {1..200}; do
    find_leader && in_container systemctl show --property=Version >/dev/null 2>&1 && break
    sleep 0.1
  done
  [[ -n $(leader) ]] || fail "the container did not start. The last lines of $LOGS/console.log:
$(tail -n 5 "$LOGS/console.log")"
  network_up
}

# Writes down the first process of the container that was just started, once it is there.
find_leader() {
  local supervisor child
  [[ -z $(leader) ]] || return 0
  supervisor=$(cat "$RUNTIME/supervisor" 2>/dev/null) || return 1
  for child in $(cat "/proc/$supervisor/task/$supervisor/children" 2>/dev/null); do
    if is_init "$child"; then echo "$child" >"$RUNTIME/leader" && return; fi
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
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  network_down
  if [[ -d $CGROUP ]]; then find "$CGROUP" -depth -type d -exec rmdir {} +; fi
  rm --recursive --force "$RUNTIME"
}
