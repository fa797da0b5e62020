#!/usr/bin/env bash
# The package goes with the packages step.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=rclone
. ./lib.sh

say "nothing to remove"
