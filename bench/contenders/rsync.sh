#!/bin/bash
# rsync from the mount, again and again. -t: by size and time, which a mount that shows times to the second can tell.
for ((passes = 1; ; passes++)); do
  rsync -rt --delete "$MOUNTED/" "$SITE/" && ((passes == 1)) && echo "first pass done"
  sleep 1
done
