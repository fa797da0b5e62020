#!/usr/bin/env bash
# Puts the object store's credentials where one service each can read them, and restarts just those whose file changed.
# Inputs: FUSE_DRIVER = cloudfuse | rclone
# Files:  cloudfuse.conf (its ~/.cloudfuse) or rclone.conf (with a remote named [content]); credentials.json (publisher)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=credentials
. ./lib.sh
. ./paths.sh
read_inputs

require_root
one_of FUSE_DRIVER cloudfuse rclone
for file in "$FUSE_DRIVER.conf" credentials.json; do
  [[ -s $file ]] || fail "the file $file is missing or empty"
done

ensure_user content-mount "$mount_home"
ensure_user site-publisher /var/lib/site-publisher
install -d -o content-mount -g content-mount -m 0700 "$mount_home"
install -d -o root -g site-publisher -m 0750 "$publisher_config"

mount_file=$(mount_credentials "$FUSE_DRIVER")
install_file "$FUSE_DRIVER.conf" "$mount_file" content-mount:content-mount 0600
install_file credentials.json "$publisher_config/credentials.json" site-publisher:site-publisher 0600
for other in cloudfuse rclone; do
  if [[ $other != "$FUSE_DRIVER" ]]; then rm -f "$(mount_credentials "$other")"; fi
done

refresh content-mount.service "$mount_file"
refresh site-publisher.service "$publisher_config/credentials.json"
say "installed"
