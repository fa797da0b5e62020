#!/bin/sh
# site-publisher VERB ...; `site-publisher --help` explains itself
exec /usr/bin/node /opt/site-publisher/site-publisher.cjs "$@"
