#!/usr/bin/env bash
# Unmounts /mnt for good and removes the units.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mount
. ./lib.sh

require_root
remove_unit content-mount-watchdog.service
remove_unit content-mount.service
rm -rf /usr/local/lib/content-mount
install -d -o root -g root -m 0755 /mnt
if [[ -e /etc/fuse.conf ]]; then sed -i '/^user_allow_other$/d' /etc/fuse.conf; fi
say "removed"
