#!/usr/bin/env bash
# Ends HTTPS: the site is served by HTTP. The upload gateway keeps the certificate that it has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=certificate
. ./lib.sh
. ./paths.sh

require_root
for unit in "${units[@]}"; do remove_unit "$unit"; done
rm -rf "$lib" "$state" "$challenges" "${deployed%/*}"
remove_user certificate
if [[ -x /usr/local/lib/web-server/configure ]]; then /usr/local/lib/web-server/configure; fi
say "removed"
