#!/usr/bin/env bash
# What is known of the certificate, a KEY=VALUE a line: domain; ends, if there is one that is shown (ISO 8601); problem, if
# the last try failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh
. ./paths.sh
read_inputs

echo "domain=$DOMAIN"
if [[ -s $deployed.crt ]]; then
  ends=$(openssl x509 -in "$deployed.crt" -noout -enddate)
  echo "ends=$(date --utc --date="${ends#*=}" +%Y-%m-%dT%H:%M:%SZ)"
fi
if [[ -s $state/problem ]]; then echo "problem=$(head -n 1 "$state/problem")"; fi
