# shellcheck shell=bash
# What this step puts where; shared by its scripts.
# shellcheck disable=SC2034 # used by the scripts that read this file
site=/etc/nginx/sites-available/xwmooc enabled_site=/etc/nginx/sites-enabled/xwmooc snippets=/etc/nginx/snippets/xwmooc
# The one folder whose files nginx reads outside of all sites.
# shellcheck disable=SC2034
main=/etc/nginx/modules-enabled/90-xwmooc.conf
# shellcheck disable=SC2034
default_site=/etc/nginx/sites-enabled/default drop_in=/etc/systemd/system/nginx.service.d
# What makes nginx's configuration anew, and what it makes it of.
# shellcheck disable=SC2034
lib=/usr/local/lib/web-server
# Put there by the step that obtains certificates.
# shellcheck disable=SC2034
certificate=/etc/web-server/tls.crt key=/etc/web-server/tls.key
