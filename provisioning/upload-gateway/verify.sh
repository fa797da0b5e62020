#!/usr/bin/env bash
# Proves that the gateway answers by FTP over TLS and by SFTP, and shows the fingerprints that authors compare.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=upload-gateway
. ./lib.sh
. ./paths.sh
read_inputs

# port JQ-LIKE-PATH: a port of config.json
port() { node -p "JSON.parse(require('node:fs').readFileSync('./config.json', 'utf8')).$1.port"; }
ftp_port=$(port ftp) sftp_port=$(port sftp)

certificate() {
  timeout 10 openssl s_client -connect "127.0.0.1:$ftp_port" -starttls ftp </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 2>/dev/null
}
answers() {
  systemctl --quiet is-active upload-gateway.service && fingerprint=$(certificate) && [[ -n $fingerprint ]]
}
if ! wait_until 60 answers; then
  state=$(systemctl show --property=SubState --value upload-gateway.service)
  words=$(journalctl --unit upload-gateway.service --lines 1 --output cat)
  fail "the gateway does not answer; upload-gateway.service is in state '$state'; its last words: ${words:-none}"
fi
for file in accounts.json credentials.json ssh_host_key tls.key; do require_private "$etc/$file" upload-gateway; done
say "FTP over TLS at port $ftp_port, certificate SHA-256 ${fingerprint#*=}"
if ((sftp_port != 0)); then say "SFTP at port $sftp_port, host key $(ssh-keygen -lf "$etc/ssh_host_key" | cut -d' ' -f2)"; fi
say "verified: the gateway answers"
