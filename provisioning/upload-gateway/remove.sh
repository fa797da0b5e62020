#!/usr/bin/env bash
# Stops and removes the upload gateway. What authors have stored stays in the store.
# Inputs: LOGIN_USER (in whose home the program was put)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=upload-gateway
. ./lib.sh
. ./paths.sh
read_inputs

require_root
remove_unit "${unit##*/}"
rm -rf "${program%/*}" "$etc" "$(getent passwd "${LOGIN_USER:?}" | cut -d: -f6)"/upload-gateway-*
remove_user upload-gateway
say "removed"
