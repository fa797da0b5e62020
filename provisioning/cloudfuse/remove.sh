#!/usr/bin/env bash
# Removes every version of cloudfuse.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=cloudfuse
. ./lib.sh
. ./paths.sh

require_root
rm -rf "$program" "$versions"
say "removed"
