# shellcheck shell=bash
# What the gateway has on the server; shared by the scripts of this step.
# shellcheck disable=SC2034 # used by the scripts that read this file
program=/opt/upload-gateway/upload-gateway etc=/etc/upload-gateway unit=/etc/systemd/system/upload-gateway.service
