#!/usr/bin/env bash
# Gives the certificate to those who show it: nginx and the upload gateway. As root, after each run of obtain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=certificate
. ./lib.sh
. ./paths.sh
read_inputs

# One without the domain does not replace one that has it.
if [[ ! -s $state/current/fullchain.pem ]] || ! covers "$state/current/fullchain.pem" "$DOMAIN"; then exit; fi

# put FOLDER OWNER: both are complete before the first is in place; the key first, as whoever sees a new certificate takes the
# key beside it.
put() {
  if cmp --silent "$state/current/privkey.pem" "$1/tls.key" && cmp --silent "$state/current/fullchain.pem" "$1/tls.crt"; then
    return
  fi
  install_file "$state/current/privkey.pem" "$1/tls.key.new" "$2:$2" 0600
  install_file "$state/current/fullchain.pem" "$1/tls.crt.new" "$2:$2" 0600
  mv --force "$1/tls.key.new" "$1/tls.key"
  mv --force "$1/tls.crt.new" "$1/tls.crt"
}

install -d -m 0700 "${deployed%/*}"
put "${deployed%/*}" root
if [[ -d /etc/upload-gateway ]]; then put /etc/upload-gateway upload-gateway; fi
# Noted afterwards: where nginx could not be given it, or that was cut, the next run does it again.
certificate=$(sha256sum <"$deployed.crt")
if [[ $(cat "$deployed.shown" 2>/dev/null) != "$certificate" ]]; then
  /usr/local/lib/web-server/configure
  printf '%s\n' "$certificate" >"$deployed.shown"
fi
