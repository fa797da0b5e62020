#!/usr/bin/env bash
# Proves that the cloudfuse in use is the pinned one and that it starts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=cloudfuse
. ./lib.sh
. ./paths.sh
read_inputs

[[ $(readlink "$program") == "$versions/$COMMIT/bin/cloudfuse" ]] || fail "$program is not commit $COMMIT"
runs "$program" || fail "$program does not start: $(ldd "$program" | grep 'not found')"
# Without credentials it says what it needs before it does anything else.
answer=$(HOME=/nonexistent "$program" 2>&1 || true)
[[ $answer == *"Unable to determine username and API key"* ]] || fail "$program does not answer as cloudfuse does"
say "verified: $program is commit ${COMMIT:0:12}"
