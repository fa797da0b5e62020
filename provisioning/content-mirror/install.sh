#!/usr/bin/env bash
# Installs the mirror, which copies the courses from another region's object store, and keeps it running.
# Files: content-mirror.cjs (the program), config.json (what to copy), from.json and to.json (credentials of both stores)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=content-mirror
. ./lib.sh
. ./paths.sh

require_root
for file in content-mirror.cjs config.json from.json to.json; do
  [[ -s $file ]] || fail "the file $file is missing or empty"
done

ensure_user content-mirror "${state%/*}"
install -d "${program%/*}"
install -d -o root -g content-mirror -m 0750 "$etc"
install_file content-mirror.cjs "$program" root:root 0644
install_file config.json "$etc/config.json" root:content-mirror 0640
for file in from.json to.json; do install_file "$file" "$etc/$file" content-mirror:content-mirror 0600; done
install_file content-mirror.service "$unit" root:root 0644

start_or_refresh "${unit##*/}" "$unit" "$program" "$etc"/{config.json,from.json,to.json}
say "installed"
