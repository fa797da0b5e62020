# shellcheck shell=bash
# What this step puts where; shared by its scripts.
# shellcheck disable=SC2034 # used by the scripts that read this file
site=/etc/nginx/sites-available/xwmooc enabled_site=/etc/nginx/sites-enabled/xwmooc
# shellcheck disable=SC2034
default_site=/etc/nginx/sites-enabled/default drop_in=/etc/systemd/system/nginx.service.d
