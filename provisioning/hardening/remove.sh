#!/usr/bin/env bash
# Takes away the server's own firewall and its stricter SSH; the cloud's security group stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=hardening
. ./lib.sh
. ./paths.sh

require_root
remove_unit "${unit##*/}"
rm -f "$rules" "$sshd" "$updates"
if [[ -d ${rules%/*} ]]; then rmdir --ignore-fail-on-non-empty "${rules%/*}"; fi
systemctl try-reload-or-restart ssh.service
say "removed"
