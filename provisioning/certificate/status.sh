#!/usr/bin/env bash
# What is known of the certificate, a KEY=VALUE a line: domain; ends, if there is one that is shown (ISO 8601); missing, the
# names that it lacks, if there are any; problem, if the last try failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./lib.sh
. ./paths.sh
read_inputs

echo "domain=$DOMAIN"
if [[ -s $deployed.crt ]]; then
  ends=$(openssl x509 -in "$deployed.crt" -noout -enddate)
  echo "ends=$(date --utc --date="${ends#*=}" +%Y-%m-%dT%H:%M:%SZ)"
  missing=
  for name in $DOMAIN $COURSE_NAMES; do covers "$deployed.crt" "$name" || missing+=" $name"; done
  if [[ -n $missing ]]; then echo "missing=${missing# }"; fi
fi
if [[ -s $state/problem ]]; then echo "problem=$(head -n 1 "$state/problem")"; fi
