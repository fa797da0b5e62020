# shellcheck shell=bash
# What the mirror has on the server; shared by the scripts of this step.
# shellcheck disable=SC2034 # used by the scripts that read this file
program=/opt/content-mirror/content-mirror.cjs etc=/etc/content-mirror unit=/etc/systemd/system/content-mirror.service
# shellcheck disable=SC2034
state=/var/lib/content-mirror/state.json
