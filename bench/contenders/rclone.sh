#!/bin/bash
# rclone from the store, again and again, with the flags that make it fastest and still see an overwrite of the same size:
# --use-server-modtime --update goes by the time in the listing. By default it asks for each object's head, where its
# own time is kept; --checksum asks for them as well; --size-only would see nothing.
# --swift-no-large-objects: without it, it asks for the head of what looks empty, and of each object that it reads.
# --fast-list: one listing instead of one a folder.
for ((passes = 1; ; passes++)); do
  rclone sync "content:$CONTAINER/$SOURCE" "$SITE" --update --use-server-modtime --fast-list --checkers 8 --transfers 8 \
    --swift-no-large-objects --retries 1 && ((passes == 1)) && echo "first pass done"
  # As long as this publisher's.
  sleep 0.5
done
