# shellcheck shell=bash
# What this step puts where; shared by its scripts.
# shellcheck disable=SC2034 # used by the scripts that read this file
lib=/usr/local/lib/certificate state=/var/lib/certificate challenges=/var/www/acme
# shellcheck disable=SC2034
units=(certificate.timer certificate.service)
# For nginx, which reads it as root.
# shellcheck disable=SC2034
deployed=/etc/web-server/tls
