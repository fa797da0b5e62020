#!/usr/bin/env bash
# Stops and removes the upload gateway. What authors have stored stays in the store.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=upload-gateway
. ./lib.sh
. ./paths.sh

require_root
remove_unit "${unit##*/}"
rm -rf "${program%/*}" "$etc"
remove_user upload-gateway
say "removed"
