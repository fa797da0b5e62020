#!/usr/bin/env bash
# Tests the Go sources of the toolchain. Apart from `npm test`, because the first run compiles for minutes.
set -euo pipefail
cd "$(dirname "$0")"

export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off # as ensure.ts builds them: what it compiled is used again
for module in . pulumi-resource-openstack; do
	(cd "$module" && go vet ./... && go test ./...)
done
unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
	echo "not formatted with gofmt: $unformatted" >&2
	exit 1
fi
