#!/usr/bin/env bash
# Tests the Go sources of the toolchain. Apart from `npm test`, because a first run compiles for minutes.
set -euo pipefail
cd "$(dirname "$0")"

# As build.ts sets them: what was compiled for the build is used again.
export CGO_ENABLED=0 GOWORK=off GOFLAGS="-mod=readonly -trimpath"

go test ./pulumi-resource-command
(cd pulumi-resource-openstack && go test .)

unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
  echo "not formatted, run gofmt -w: $unformatted" >&2
  exit 1
fi
