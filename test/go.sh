#!/bin/sh
# Formats, vets and tests the Go modules of the project, one after the other.
set -eu
cd "$(dirname "$0")/.."
for module in "$@"; do
  echo "== $module"
  (
    cd "$module"
    unformatted=$(gofmt -l .)
    [ -z "$unformatted" ] || { echo "not as gofmt formats it: $unformatted" >&2 && exit 1; }
    go vet ./... && go test ./...
  )
done
