#!/usr/bin/env bash
# Proves that the distribution's rclone speaks Swift and can mount.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=rclone
. ./lib.sh

command -v rclone >/dev/null || fail "rclone is not installed; run the packages step with FUSE_DRIVER=rclone"
version=$(rclone version | sed -n '1s/^rclone v\?//p')
# 1.60 is Debian 12's and Ubuntu 24.04's; the mount's options were tried with it.
[[ $(printf '1.60\n%s\n' "$version" | sort --version-sort | head -1) == 1.60 ]] ||
  fail "rclone $version is too old; it must be 1.60 or newer"
command -v fusermount3 >/dev/null || fail "fusermount3 is missing; install the package fuse3"
say "verified: rclone $version"
