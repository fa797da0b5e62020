#!/usr/bin/env bash
# Proves that /mnt shows every container, as the tutorial does: with `mount` and `ls /mnt`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mount
. ./lib.sh
read_inputs

one_of FUSE_DRIVER cloudfuse rclone
check() { answer=$(/usr/local/lib/content-mount/check-mount 5); }
missing() {
  local container
  for container in ${CONTAINERS-}; do
    grep --quiet --fixed-strings --line-regexp -- "$container" <<<"$answer" || printf '%s ' "$container"
  done
}
complete() { check && [[ -z $(missing) ]]; }

answer=''
wait_until 60 check || {
  state=$(systemctl show --property=SubState --value content-mount.service)
  words=$(journalctl --unit content-mount.service --identifier "$FUSE_DRIVER" --lines 1 --output cat)
  fail "$answer; content-mount.service is in state '$state'; its last words: ${words:-none}"
}
# A container that was made a moment ago shows after a second or two.
wait_until 10 complete || fail "/mnt does not show: $(missing)- are these containers in the object store?"
systemctl --quiet is-active content-mount-watchdog.service || fail "content-mount-watchdog.service does not run"
say "verified: $(mount --types fuse.cloudfuse,fuse.rclone)"
say "ls /mnt: ${answer//$'\n'/ }"
