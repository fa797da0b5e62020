#!/usr/bin/env bash
# Makes nginx serve /var/www/html.
# Inputs: SERVER_NAME = DNS name of the site; empty: any name. LOG_ADDRESSES = anonymous | full
# Files:  courses.conf, nginx's maps of what differs from course to course
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
. ./paths.sh
read_inputs

require_root
[[ ${SERVER_NAME-} =~ ^[A-Za-z0-9.-]*$ ]] ||
  fail "input SERVER_NAME must be a DNS name or empty; it is '$SERVER_NAME'"

one_of LOG_ADDRESSES anonymous full
[[ -s courses.conf ]] || fail "the file courses.conf is missing or empty"

install -d /var/www/html "$drop_in"
# A first page until the publisher writes its own; never over one that is there.
if [[ ! -e /var/www/html/index.html ]]; then install -m 0644 placeholder.html /var/www/html/index.html; fi
rm -f /var/www/html/index.nginx-debian.html

install -d "$lib"
for file in lib.sh paths.sh {main,http,https,site,challenge,common,courses}.conf; do
  install_file "$file" "$lib/$file" root:root 0644
done
install_file configure.sh "$lib/configure" root:root 0755
printf "%s='%s'\n" SERVER_NAME "${SERVER_NAME-}" LOG_ADDRESSES "$LOG_ADDRESSES" >"$lib/inputs"

install_file restart.conf "$drop_in/restart.conf" root:root 0644
rm -f "$default_site"
if [[ $(readlink "$enabled_site") != "$site" ]]; then
  ln --symbolic --force --no-dereference "$site" "$enabled_site"
fi
if [[ $(systemctl show --property=NeedDaemonReload --value nginx.service) == yes ]]; then systemctl daemon-reload; fi
systemctl --quiet enable nginx.service
"$lib/configure"
say "installed"
