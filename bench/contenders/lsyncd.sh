#!/bin/bash
# lsyncd as its package comes: waits for inotify, collects for 15 s, and deletes what is gone.
exec lsyncd -nodaemon -delay 15 -rsync "$MOUNTED" "$SITE"
