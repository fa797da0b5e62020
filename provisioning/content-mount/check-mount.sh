#!/usr/bin/env bash
# Does /mnt answer?
#
#     check-mount [SECONDS]       time limit, default 10
#
# Prints the names under /mnt, or else the reason in one line. Exit code 0: it lists something; 1: it answers, but
# wrongly (nothing mounted, nothing in it, an error); 2: no answer in time. A hung FUSE driver blocks whoever asks it,
# beyond the reach of a signal: so a child asks, and nobody waits for it longer than the limit.
set -euo pipefail
mount=/mnt limit=${1:-10}

mounted() {
  local point
  while read -r _ _ _ _ point _; do
    if [[ $point == "$mount" ]]; then return; fi
  done </proc/self/mountinfo
  return 1
}

if ! mounted; then
  echo "nothing is mounted on $mount"
  exit 1
fi

# Nobody reads what a late child still has to say.
exec 3< <({ ls -A "$mount" 2>&1 || echo "/failed"; } 2>/dev/null)
# Up to the end of the output: 1 at the end, over 128 at the time limit.
read -r -d '' -t "$limit" -u 3 names || (($? <= 128)) || {
  echo "$mount has not answered for $limit s"
  exit 2
}
# A name can't hold a slash.
case $names in
*/failed)
  echo "$mount answers with an error: ${names%%$'\n'*}"
  exit 1
  ;;
"")
  echo "$mount is empty"
  exit 1
  ;;
esac
echo "$names"
