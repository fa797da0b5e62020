#!/usr/bin/env bash
# Stops and removes the mirror. What it has copied stays in the store.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mirror
. ./lib.sh
. ./paths.sh

require_root
remove_unit "${unit##*/}"
rm -rf "${program%/*}" "$etc" "${state%/*}"
remove_user content-mirror
say "removed"
