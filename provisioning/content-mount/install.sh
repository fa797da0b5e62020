#!/usr/bin/env bash
# Mounts the object store on /mnt for good: at every boot, after every outage, and with a watchdog for a driver that hangs.
# Inputs: FUSE_DRIVER = cloudfuse | rclone; CONTAINERS = names that must show under /mnt, separated by spaces
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mount
. ./lib.sh
read_inputs

require_root
one_of FUSE_DRIVER cloudfuse rclone
getent passwd content-mount >/dev/null || fail "the user content-mount is missing; run the credentials step first"

# Lets an ordinary user's mount be read by others (allow_other).
if ! grep --quiet --line-regexp user_allow_other /etc/fuse.conf; then echo user_allow_other >>/etc/fuse.conf; fi

tools=/usr/local/lib/content-mount units=/etc/systemd/system
install -d "$tools" "$units/content-mount.service.d"
install_file check-mount.sh "$tools/check-mount" root:root 0755
install_file watchdog.sh "$tools/watchdog" root:root 0755
install_file content-mount.service "$units/content-mount.service" root:root 0644
install_file "$FUSE_DRIVER.conf" "$units/content-mount.service.d/driver.conf" root:root 0644
install_file content-mount-watchdog.service "$units/content-mount-watchdog.service" root:root 0644

start_or_refresh content-mount.service "$units/content-mount.service" "$units/content-mount.service.d/driver.conf"
start_or_refresh content-mount-watchdog.service "$units/content-mount-watchdog.service" "$tools/watchdog"
say "installed"
