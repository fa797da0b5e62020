#!/usr/bin/env bash
# Looks after the mount: a driver that hangs, or shows nothing but errors for long, is killed; systemd starts it again.
# It runs as the driver's user, so killing the driver is all it can do and needs no privilege.
#
# An outage of the store is no reason to kill a driver that still answers (rclone does, and heals itself). cloudfuse
# hangs for ever after one failed listing, so there every outage ends here: killed, and then restarted by systemd every
# few seconds until the store takes its sign-in.
set -euo pipefail
shopt -s nullglob

unit=content-mount.service
mount=/mnt
period=3    # seconds between two looks
limit=10    # seconds that a look may take before the driver counts as hung
patience=60 # seconds of wrong answers before the driver is thought to be at fault

# scout: says every few seconds how many names /mnt shows. A hung driver silences the scout, beyond the reach of any
# signal, but not the watchdog that listens to it; when the driver is killed, the scout goes on.
# All of it is done by bash itself: starting a program for each look would cost a small server a fifth of a processor.
scout() {
  local names never
  # A pipe that nobody writes to: reading it with a time limit is a sleep.
  exec {never}<> <(:)
  while true; do
    names=("$mount"/*)
    echo "${#names[@]}"
    read -r -t "$period" -u "$never" || true
  done
}

# check: 0 if /mnt shows something, 1 if not, 2 if it hangs
check() {
  local count code=0
  read -r -t $((period + limit)) -u 3 count || code=$?
  ((code <= 128)) || return 2
  ((code == 0)) || exit 1 # the scout is gone: systemd starts both again
  ((count > 0))
}

exec 3< <(scout)
troubled=''    # whether the journal has been told of a trouble that is not over
wrong_since='' # time of this driver's first wrong answer in a row
while true; do
  code=0
  check || code=$?
  if ((code == 0)); then
    if [[ $troubled ]]; then echo "$mount answers again"; fi
    troubled='' wrong_since=''
    continue
  fi
  # While systemd is starting or stopping the driver there is nothing to look after; the next one starts afresh.
  if ! systemctl --quiet is-active "$unit"; then
    wrong_since=''
    continue
  fi

  troubled=yes
  if ((code == 2)); then
    problem="$mount has not answered for $limit s"
  elif [[ -z $wrong_since ]]; then
    # In words; and perhaps it is over already.
    if problem=$("${BASH_SOURCE[0]%/*}/check-mount" "$limit"); then continue; fi
    wrong_since=$SECONDS
    echo "$problem"
  fi
  if ((code == 2 || SECONDS - wrong_since >= patience)); then
    pid=$(systemctl show --property=MainPID --value "$unit")
    echo "killing the driver (process $pid), for $problem; systemd starts it again"
    kill -KILL "$pid" || true
    wrong_since=''
  fi
done
