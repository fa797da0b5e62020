#!/usr/bin/env bash
# Looks after the mount: a driver that hangs, or shows nothing but errors for long, is killed; systemd starts it again.
# It runs as the driver's user, so killing the driver is all it can do and needs no privilege.
#
# An outage of the store is no reason to kill a driver that still answers (rclone does, and heals itself). cloudfuse
# hangs for ever after one failed listing, so there every outage ends here: killed, and then restarted by systemd every
# few seconds until the store takes its sign-in.
set -euo pipefail

unit=content-mount.service
period=2    # seconds between two looks
patience=60 # seconds of wrong answers before the driver is thought to be at fault

troubled=''    # whether the journal has been told of a trouble that is not over
wrong_since='' # time of this driver's first wrong answer in a row
while sleep "$period"; do
  code=0
  answer=$("${BASH_SOURCE[0]%/*}/check-mount") || code=$?
  if ((code == 0)); then
    if [[ $troubled ]]; then echo "/mnt answers again"; fi
    troubled='' wrong_since=''
    continue
  fi
  # While systemd is starting or stopping the driver there is nothing to look after; the next one starts afresh.
  if ! systemctl --quiet is-active "$unit"; then
    wrong_since=''
    continue
  fi

  if [[ -z $wrong_since ]]; then
    wrong_since=$SECONDS
    echo "$answer"
  fi
  troubled=yes
  if ((code == 2 || SECONDS - wrong_since >= patience)); then
    pid=$(systemctl show --property=MainPID --value "$unit")
    echo "killing the driver (process $pid), for $answer; systemd starts it again"
    kill -KILL "$pid" || true
    wrong_since=''
  fi
done
