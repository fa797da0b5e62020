#!/bin/bash
# The loop of the tutorial that this project began with, as it stands there; only the folders' names come from outside.

while inotifywait -r "$MOUNTED"/*; do
    rsync -av --delete "$MOUNTED"/ "$SITE"
done
