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

# put FOLDER OWNER: the key first, as whoever sees a new certificate takes the key beside it.
put() {
  install_file "$state/current/privkey.pem" "$1/tls.key" "$2:$2" 0600
  install_file "$state/current/fullchain.pem" "$1/tls.crt" "$2:$2" 0600
}

shown=$(sha256sum "$deployed.crt" 2>/dev/null || true)
install -d -m 0700 "${deployed%/*}"
put "${deployed%/*}" root
if [[ -d /etc/upload-gateway ]]; then put /etc/upload-gateway upload-gateway; fi
if [[ $(sha256sum "$deployed.crt") != "$shown" ]]; then /usr/local/lib/web-server/configure; fi
