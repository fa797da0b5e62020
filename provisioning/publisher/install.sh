#!/usr/bin/env bash
# Installs the publisher and keeps it running.
# Inputs: AWAIT_COURSES = yes | no: whether the step ends only when every course is published
# Files:  site-publisher.cjs (the program), config.json (what to publish)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=publisher
. ./lib.sh
read_inputs

require_root
one_of AWAIT_COURSES yes no
for file in site-publisher.cjs config.json; do
  [[ -s $file ]] || fail "the file $file is missing or empty"
done
getent passwd site-publisher >/dev/null || fail "the user site-publisher is missing; run the credentials step first"

unit=/etc/systemd/system/site-publisher.service
install -d /opt/site-publisher
install -d -o root -g site-publisher -m 0750 /etc/site-publisher
install -d -o site-publisher -g site-publisher /var/www/html /var/www/releases
install_file site-publisher.cjs /opt/site-publisher/site-publisher.cjs root:root 0644
install_file site-publisher.sh /usr/local/bin/site-publisher root:root 0755
install_file config.json /etc/site-publisher/config.json root:site-publisher 0640
install_file site-publisher.service "$unit" root:root 0644

start_or_refresh site-publisher.service "$unit" /opt/site-publisher/site-publisher.cjs /etc/site-publisher/config.json
say "installed"
