#!/usr/bin/env bash
# Builds cloudfuse from one pinned commit of its repository, into a folder named by that commit.
# Inputs: REPOSITORY = where git fetches it; COMMIT = 40 hexadecimal digits
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=cloudfuse
. ./lib.sh
. ./paths.sh
read_inputs

require_root
[[ -n ${REPOSITORY-} ]] || fail "input REPOSITORY is empty; it is the address of cloudfuse's git repository"
[[ ${COMMIT-} =~ ^[0-9a-f]{40}$ ]] || fail "input COMMIT must be a full commit id (40 hexadecimal digits); it is '${COMMIT-}'"

# The folder appears only when the build is complete. A new release of the system may take away a library under it.
if ! runs "$versions/$COMMIT/bin/cloudfuse"; then
  install -d "$versions"
  # Of a build that was killed.
  rm -rf "$versions"/.build.*
  # Not in /tmp or /run: either may be mounted noexec, and configure runs what it compiles.
  build=$(mktemp --directory "$versions/.build.XXXXXX")
  trap 'rm -rf "$build"' EXIT

  say "fetching commit ${COMMIT:0:12} from $REPOSITORY ..."
  git init --quiet "$build/source"
  # No question for a password, and no endless wait for a server that has gone silent.
  GIT_TERMINAL_PROMPT=0 timeout 300 git -C "$build/source" \
    -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=30 -c protocol.version=2 \
    fetch --quiet --depth 1 "$REPOSITORY" "$COMMIT" 2>"$build/log" ||
    fail "commit $COMMIT cannot be fetched from $REPOSITORY: $(tail -1 "$build/log"); check the address and the commit"
  git -C "$build/source" -c advice.detachedHead=false checkout --quiet "$COMMIT"

  # quietly COMMAND...: its output matters only when it fails.
  quietly() {
    (cd "$build/source" && "$@") >"$build/log" 2>&1 || {
      tail -15 "$build/log" >&2
      fail "'$1' failed; its last lines stand above"
    }
  }
  say "configuring (some 5 s, a minute on an emulated machine) ..."
  quietly ./configure --prefix="$versions/$COMMIT"
  say "compiling (some 5 s, half a minute on an emulated machine) ..."
  quietly make
  quietly make install DESTDIR="$build/root"
  rm -rf "${versions:?}/$COMMIT"
  mv "$build/root$versions/$COMMIT" "$versions/$COMMIT"
fi

if [[ $(readlink "$program") != "$versions/$COMMIT/bin/cloudfuse" ]]; then
  ln --symbolic --force --no-dereference "$versions/$COMMIT/bin/cloudfuse" "$program"
  touch "$versions/$COMMIT"
fi
# One earlier version stays, for a quick way back.
find "$versions" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%T@ %f\n' | sort --reverse --numeric-sort |
  tail --lines=+3 | while read -r _ old; do rm -rf "${versions:?}/$old"; done

refresh content-mount.service "$program"
say "installed"
