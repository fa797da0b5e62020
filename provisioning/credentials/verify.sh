#!/usr/bin/env bash
# Proves that the credentials are private and that the object store takes them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=credentials
. ./lib.sh
. ./paths.sh
read_inputs

one_of FUSE_DRIVER cloudfuse rclone

require_private "$(mount_credentials "$FUSE_DRIVER")" content-mount
require_private "$publisher_config/credentials.json" site-publisher

# A store that is just starting gets a minute; a refusal is final.
problem='' code=0
settled() {
  code=0
  problem=$(node ./ask-store.cjs "$publisher_config/credentials.json") || code=$?
  ((code != 1))
}
wait_until 60 settled || true
((code == 0)) || fail "$problem"
say "verified: the object store takes the credentials"
