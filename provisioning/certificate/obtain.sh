#!/usr/bin/env bash
# Gets a certificate if there is none of the domain, or if it ends within 30 days. certificate.service runs it, as its own user.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=certificate
. ./lib.sh
. ./paths.sh
read_inputs

# The certificates of each authority for themselves: another one is another certificate.
config=$state/$(sha256sum <<<"$AUTHORITY" | cut -c1-16)
live=$config/live/$DOMAIN/fullchain.pem
ln --symbolic --force --no-dereference "$config/live/$DOMAIN" "$state/current"
if [[ -s $live ]] && openssl x509 -in "$live" -noout -checkend $((30 * 86400)) >/dev/null; then
  rm -f "$state/problem"
  exit
fi

contact=(--register-unsafely-without-email)
if [[ -n $EMAIL ]]; then contact=(--email "$EMAIL"); fi
if [[ -s trusted-root.pem ]]; then export REQUESTS_CA_BUNDLE=$PWD/trusted-root.pem; fi
ask() {
  output=$(certbot certonly --non-interactive --agree-tos "${contact[@]}" --server "$AUTHORITY" \
    --webroot --webroot-path "$challenges" --domain "$DOMAIN" --cert-name "$DOMAIN" --keep-until-expiring \
    --config-dir "$config" --work-dir "$state/work" --logs-dir "$state/logs" --max-log-backups 5 2>&1)
}
# The authority's own words about a failed check, if it has come to that.
detail() { sed -n 's/^ *Detail: *//p' <<<"$output" | head -n 1; }

# certbot 2.1 itself fails now and then where the authority refuses a nonce, which is no failure at all.
if ask || { [[ -z $(detail) ]] && sleep 5 && ask; }; then
  rm -f "$state/problem"
  say "a certificate of $DOMAIN was obtained"
  exit
fi
problem=$(detail)
problem=${problem:-$(grep -v -e '^Ask for help' -e '^$' <<<"$output" | tail -n 1)}
printf '%s\n' "$problem" >"$state/problem"
fail "no certificate of $DOMAIN from $AUTHORITY: $problem"
