#!/bin/sh
# site-publisher run | status [--json] | approve COURSE
exec /usr/bin/node /opt/site-publisher/site-publisher.cjs "$@"
