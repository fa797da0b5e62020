#!/usr/bin/env bash
# Makes nginx serve /var/www/html.
# Inputs: SERVER_NAME = DNS name of the site; empty: any name. COURSE_NAMES = the courses' own; none where they are served by
#         path. LOG_ADDRESSES = anonymous | full. BALANCED = yes | no: visitors come through a load balancer. SIBLINGS = IPv4
#         addresses of the other servers of the domain, or empty
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
[[ ${COURSE_NAMES-} =~ ^[A-Za-z0-9.\ -]*$ ]] ||
  fail "input COURSE_NAMES must be DNS names with spaces between, or empty; it is '$COURSE_NAMES'"
one_of LOG_ADDRESSES anonymous full
one_of BALANCED yes no
[[ ${SIBLINGS-} =~ ^[0-9.\ ]*$ ]] || fail "input SIBLINGS must be IPv4 addresses or empty; it is '$SIBLINGS'"
[[ -s courses.conf ]] || fail "the file courses.conf is missing or empty"

install -d /var/www/html "$drop_in"
# A first page until the publisher writes its own; never over one that is there.
if [[ ! -e /var/www/html/index.html ]]; then install -m 0644 placeholder.html /var/www/html/index.html; fi
rm -f /var/www/html/index.nginx-debian.html

install -d "$lib"
for file in lib.sh paths.sh {main,http,https,waiting,site,challenge,challenge-siblings,common,courses}.conf; do
  install_file "$file" "$lib/$file" root:root 0644
done
install_file configure.sh "$lib/configure" root:root 0755
printf '%s=%q\n' SERVER_NAME "${SERVER_NAME-}" COURSE_NAMES "${COURSE_NAMES-}" LOG_ADDRESSES "$LOG_ADDRESSES" \
  BALANCED "$BALANCED" SIBLINGS "${SIBLINGS-}" >"$lib/inputs"

install_file restart.conf "$drop_in/restart.conf" root:root 0644
rm -f "$default_site"
if [[ $(readlink "$enabled_site") != "$site" ]]; then
  ln --symbolic --force --no-dereference "$site" "$enabled_site"
fi
if [[ $(systemctl show --property=NeedDaemonReload --value nginx.service) == yes ]]; then systemctl daemon-reload; fi
systemctl --quiet unmask nginx.service
systemctl --quiet enable nginx.service
"$lib/configure"
say "installed"
