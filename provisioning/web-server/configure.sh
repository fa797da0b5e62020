#!/usr/bin/env bash
# Makes nginx serve the site: by HTTPS, if there is a certificate of its name. Run by this step, and whenever a certificate
# was obtained.
# Inputs: SERVER_NAME = DNS name of the site; empty: any name. LOG_ADDRESSES = anonymous | full
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=web-server
. ./lib.sh
. ./paths.sh
read_inputs

form=http
if [[ -s $certificate && -s $key ]] && openssl x509 -in "$certificate" -noout -checkhost "${SERVER_NAME:-_}" | grep --quiet 'does match'; then
  form=https
fi
log_address=\$xwmooc_anonymous
if [[ $LOG_ADDRESSES == full ]]; then log_address=\$remote_addr; fi
edits=(-e "s|@LOG_ADDRESS@|$log_address|" -e "s|@SERVER_NAME@|${SERVER_NAME:-_}|" -e "s|@CERTIFICATE@|$certificate|" -e "s|@KEY@|$key|")
# Without IPv6 in the kernel nginx would not start.
if [[ ! -e /proc/net/if_inet6 ]]; then edits+=(-e '/\[::\]/d'); fi
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
rendered=$scratch/rendered before=$scratch/before
mkdir "$before"
sed "${edits[@]}" common.conf courses.conf "$form.conf" >"$rendered"
for file in "$site" "$main" "$snippets"-{site,challenge}.conf; do
  if [[ -e $file ]]; then (cd / && cp --archive --parents "${file#/}" "$before"); fi
done
for part in site challenge; do install_file "$part.conf" "$snippets-$part.conf" root:root 0644; done
install_file main.conf "$main" root:root 0644
install_file "$rendered" "$site" root:root 0644

if ! problem=$(nginx -t -q 2>&1); then
  # It would not start any more after a reboot.
  cp --archive "$before/." /
  fail "nginx refuses its configuration: $problem"
fi
# A reload interrupts nobody, so it needs no look at what changed. It returns while the workers of before still answer, by
# the configuration of before.
mapfile -t workers < <(pgrep --full --parent "$(systemctl show --property=MainPID --value nginx.service)" '^nginx: worker')
systemctl reload-or-restart nginx.service
is_retired() { [[ $(ps -o args= -p "$1") != "nginx: worker process" ]]; }
for worker in "${workers[@]}"; do
  wait_until 30 is_retired "$worker" || fail "nginx still answers by its configuration of before; see: journalctl -u nginx"
done
say "the site is served by ${form^^}"
