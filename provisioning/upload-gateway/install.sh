#!/usr/bin/env bash
# Installs the upload gateway and keeps it running.
# Inputs: BUILD (fingerprint of the program), LOGIN_USER (in whose home it was put, as upload-gateway-BUILD)
# Files:  config.json, accounts.json, credentials.json, ssh_host_key
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=upload-gateway
. ./lib.sh
. ./paths.sh
read_inputs

require_root
for file in config.json accounts.json credentials.json ssh_host_key; do
  [[ -s $file ]] || fail "the file $file is missing or empty"
done
getent group site-publisher >/dev/null || fail "the group site-publisher is missing; run the credentials step first"

copies=$(getent passwd "${LOGIN_USER:?}" | cut -d: -f6)/upload-gateway
[[ -s $copies-${BUILD:?} ]] || fail "the program $copies-$BUILD is missing: \`pulumi up --replace\` the resource that copies it"
install -d "${program%/*}"
install_file "$copies-$BUILD" "$program" root:root 0755
# Of former programs nothing is needed.
find "${copies%/*}" -maxdepth 1 -name "${copies##*/}-*" ! -name "${copies##*/}-$BUILD" -delete

ensure_user upload-gateway /nonexistent
install -d -o root -g upload-gateway -m 0750 "$etc"
for file in config.json accounts.json credentials.json ssh_host_key; do
  install_file "$file" "$etc/$file" upload-gateway:upload-gateway 0600
done

# Until there is one that browsers trust: one of the server's own, made once.
if [[ ! -s $etc/tls.crt || ! -s $etc/tls.key ]]; then
  say "making a certificate of the server's own"
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=xwMOOC upload" \
      -keyout "$etc/tls.key.new" -out "$etc/tls.crt.new" 2>/dev/null
    chown upload-gateway:upload-gateway "$etc/tls.key.new" "$etc/tls.crt.new"
    mv "$etc/tls.key.new" "$etc/tls.key"
    mv "$etc/tls.crt.new" "$etc/tls.crt"
  )
fi

install_file upload-gateway.service "$unit" root:root 0644
start_or_refresh upload-gateway.service "$unit" "$program" \
  "$etc"/{config.json,accounts.json,credentials.json,ssh_host_key}
say "installed"
