#!/usr/bin/env bash
# The driver rclone comes with the packages step; nothing is left to install. A folder of its own keeps the two drivers
# alike: whichever is chosen, there is a step that proves it works.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=rclone
. ./lib.sh

require_root
say "comes with the distribution"
