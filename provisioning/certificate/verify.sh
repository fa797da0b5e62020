#!/usr/bin/env bash
# Proves that the site answers by HTTPS with the certificate; or says what the certificate waits for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=certificate
. ./lib.sh
. ./paths.sh
read_inputs

systemctl --quiet is-active certificate.timer || fail "the timer that renews the certificate does not run; see: systemctl status certificate.timer"
known=$("$lib/status")
value() { sed -n "s/^$1=//p" <<<"$known"; }
if [[ -n $(value problem) ]]; then
  say "warning: no new certificate: $(value problem)"
  say "warning: it is tried again every hour; at once by: sudo systemctl start certificate"
fi
if [[ -z $(value ends) ]]; then
  say "verified: the site is served by HTTP until there is a certificate"
  exit
fi
if [[ -n $(value missing) ]]; then
  say "warning: the certificate lacks $(value missing): a name gets into it once it leads where $DOMAIN does"
fi
require_private "$deployed.key" root
if [[ -d /etc/upload-gateway ]]; then require_private /etc/upload-gateway/tls.key upload-gateway; fi
answers() {
  timeout 10 openssl s_client -connect 127.0.0.1:443 -servername "$DOMAIN" </dev/null 2>/dev/null |
    openssl x509 -noout -checkhost "$DOMAIN" 2>/dev/null | grep --quiet 'does match'
}
wait_until 30 answers || fail "nginx does not answer by HTTPS with the certificate of $DOMAIN; see: journalctl -u nginx -u certificate"
say "verified: https://$DOMAIN/ is served, certificate until $(value ends)"
