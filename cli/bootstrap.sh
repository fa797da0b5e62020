#!/bin/sh
# Installs the npm packages of the lockfile when they are missing or out of date, so that every npm script of a clean
# clone works without a step before it. Runs before any package exists, hence shell.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.package-lock.installed
cmp -s package-lock.json "$stamp" && exit 0
node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || {
  echo "Node.js $(node --version) is too old: install Node.js 20 or newer (https://nodejs.org) and run the command again." >&2
  exit 1
}
echo "Installing the npm packages of package-lock.json (about half a minute the first time) ..."
npm ci --no-audit --no-fund --loglevel=error || {
  echo "npm ci failed. Check the network or the npm registry setting (npm config get registry) and run the command again." >&2
  exit 1
}
cp package-lock.json "$stamp"
