#!/usr/bin/env bash
# Proves that the packages are there and usable.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=packages
. ./lib.sh
. ./list.sh
read_inputs

one_of FUSE_DRIVER cloudfuse rclone
mapfile -t missing < <(missing_packages)
((${#missing[@]} == 0)) || fail "not installed: ${missing[*]}"

node_version=$(node --version)
node_major=${node_version#v}
((${node_major%%.*} >= 18)) || fail "Node.js $node_version is too old for the publisher; it needs 18 or newer"
[[ -u $(readlink -f "$(command -v fusermount)") ]] || fail "fusermount is not setuid root: reinstall the package fuse3"
[[ -c /dev/fuse ]] || modprobe fuse || fail "this server's kernel has no FUSE (/dev/fuse): choose another image"
say "verified: Node.js $node_version, $(fusermount --version)"
