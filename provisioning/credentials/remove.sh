#!/usr/bin/env bash
# Removes the credentials and the users they belong to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=credentials
. ./lib.sh
. ./paths.sh

require_root
# Without their credentials the services could only fail; and a user can't be removed under a running process.
systemctl --quiet stop content-mount-watchdog.service content-mount.service site-publisher.service 2>/dev/null || true
rm -rf "$mount_home" "$publisher_config/credentials.json"
if [[ -d $publisher_config ]]; then rmdir --ignore-fail-on-non-empty "$publisher_config"; fi
remove_user content-mount
remove_user site-publisher
say "removed"
