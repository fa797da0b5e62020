#!/usr/bin/env bash
# Stops and removes the publisher. The published pages stay under /var/www, where visitors find them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=publisher
. ./lib.sh

require_root
remove_unit site-publisher.service
rm -rf /opt/site-publisher /usr/local/bin/site-publisher /var/lib/site-publisher /etc/site-publisher/config.json
if [[ -d /etc/site-publisher ]]; then rmdir --ignore-fail-on-non-empty /etc/site-publisher; fi
for folder in /var/www/html /var/www/releases; do
  if [[ -d $folder ]]; then chown root:root "$folder"; fi
done
say "removed; the published pages stay in /var/www"
