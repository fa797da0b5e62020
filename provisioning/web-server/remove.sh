#!/usr/bin/env bash
# Takes the site off nginx and puts the distribution's own back. The pages stay in /var/www.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
. ./paths.sh

require_root
rm -f "$site" "$enabled_site" "$main" "$snippets"-{site,challenge}.conf "$drop_in/restart.conf"
rm -rf "$lib"
if [[ -d $drop_in ]]; then rmdir --ignore-fail-on-non-empty "$drop_in"; fi
systemctl daemon-reload
if [[ -e /etc/nginx/sites-available/default ]]; then ln --symbolic --force /etc/nginx/sites-available/default "$default_site"; fi
if systemctl --quiet is-active nginx.service; then systemctl reload nginx.service; fi
say "removed; the published pages stay in /var/www"
