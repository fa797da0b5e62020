#!/usr/bin/env bash
# Removes the packages that install.sh added; those the machine had before stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=packages
. ./lib.sh
FUSE_DRIVER=cloudfuse
. ./list.sh

require_root
systemctl --quiet unmask nginx.service
if [[ -s $installed_list ]]; then
  mapfile -t added < <(sort --unique "$installed_list")
  say "removing ${#added[@]} packages (about a minute); what they needed goes with: apt-get autoremove"
  DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet --quiet --option DPkg::Lock::Timeout=600 \
    purge "${added[@]}" >/dev/null
fi
rm -f "$installed_list"
if [[ -d ${installed_list%/*} ]]; then rmdir --ignore-fail-on-non-empty "${installed_list%/*}"; fi
say "removed"
