#!/usr/bin/env bash
# Makes nginx serve /var/www/html.
# Inputs: SERVER_NAME = DNS name of the site; empty: any name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
. ./paths.sh
read_inputs

require_root
[[ ${SERVER_NAME-} =~ ^[A-Za-z0-9.-]*$ ]] ||
  fail "input SERVER_NAME must be a DNS name or empty; it is '$SERVER_NAME'"

# Without IPv6 in the kernel nginx would not start with the second line.
listen='listen 80 default_server;'
if [[ -e /proc/net/if_inet6 ]]; then listen+=' listen [::]:80 default_server;'; fi
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
sed -e "s|@LISTEN@|$listen|" -e "s|@SERVER_NAME@|${SERVER_NAME:-_}|" xwmooc.conf >"$rendered"

install -d /var/www/html "$drop_in"
# A first page until the publisher writes its own; never over one that is there.
if [[ ! -e /var/www/html/index.html ]]; then install -m 0644 placeholder.html /var/www/html/index.html; fi
rm -f /var/www/html/index.nginx-debian.html

install_file restart.conf "$drop_in/restart.conf" root:root 0644
install_file "$rendered" "$site" root:root 0644
rm -f "$default_site"
if [[ $(readlink "$enabled_site") != "$site" ]]; then
  ln --symbolic --force --no-dereference "$site" "$enabled_site"
fi

problem=$(nginx -t -q 2>&1) || fail "nginx refuses its configuration: $problem"
if [[ $(systemctl show --property=NeedDaemonReload --value nginx.service) == yes ]]; then systemctl daemon-reload; fi
systemctl --quiet enable nginx.service
# A reload interrupts nobody, so it needs no look at what changed. It returns while the workers of before still answer, by
# the configuration of before.
mapfile -t workers < <(pgrep --full --parent "$(systemctl show --property=MainPID --value nginx.service)" '^nginx: worker')
systemctl reload-or-restart nginx.service
is_retired() { [[ $(ps -o args= -p "$1") != "nginx: worker process" ]]; }
for worker in "${workers[@]}"; do
  wait_until 30 is_retired "$worker" || fail "nginx still answers by its configuration of before; see: journalctl -u nginx"
done
say "installed"
