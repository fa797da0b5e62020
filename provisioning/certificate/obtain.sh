#!/usr/bin/env bash
# Gets a certificate if there is none, if it ends within 30 days, or if it lacks a name that it can have by now.
# certificate.service runs it, as its own user.
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

# One name that fails would fail them all: a new one is asked for as soon as it leads where the domain does.
addresses() { getent ahostsv4 "$1" | awk '{ print $1 }' | sort --unique; }
home=$(addresses "$DOMAIN" || true)
has() { [[ -s $live ]] && covers "$live" "$1"; }
names=("$DOMAIN")
for name in $COURSE_NAMES; do
  if has "$name" || [[ -n $home && $(addresses "$name") == "$home" ]]; then names+=("$name"); fi
done

is_complete=yes
for name in "${names[@]}"; do has "$name" || is_complete=no; done
if [[ -s $live ]] && openssl x509 -in "$live" -noout -checkend $((30 * 86400)) >/dev/null; then
  if [[ $is_complete == yes ]]; then
    rm -f "$state/problem"
    exit
  fi
  # The one that is there is as good as another that lacks the new name, too; authorities count.
  subset=()
else
  subset=(--allow-subset-of-names)
fi

contact=(--register-unsafely-without-email)
if [[ -n $EMAIL ]]; then contact=(--email "$EMAIL"); fi
if [[ -s trusted-root.pem ]]; then export REQUESTS_CA_BUNDLE=$PWD/trusted-root.pem; fi
ask() {
  output=$(certbot certonly --non-interactive --agree-tos "${contact[@]}" --server "$AUTHORITY" \
    --webroot --webroot-path "$challenges" "${names[@]/#/--domain=}" --cert-name "$DOMAIN" \
    --renew-with-new-domains --keep-until-expiring "${subset[@]}" \
    --config-dir "$config" --work-dir "$state/work" --logs-dir "$state/logs" --max-log-backups 5 2>&1)
}
# The authority's own words about a failed check, if it has come to that.
detail() { sed -n 's/^ *Detail: *//p' <<<"$output" | head -n 1; }

# certbot 2.1 itself fails now and then where the authority refuses a nonce, which is no failure at all; also after it has been told
# that one name of several is refused.
is_refused() { grep --quiet -E '(All|Some) challenges have failed' <<<"$output"; }
if ask || { ! is_refused && sleep 5 && ask; }; then
  rm -f "$state/problem"
  say "asked for ${names[*]}: a certificate was obtained"
  exit
fi
problem=$(detail)
problem=${problem:-$(grep -v -e '^Ask for help' -e '^$' <<<"$output" | tail -n 1)}
printf '%s\n' "$problem" >"$state/problem"
fail "no certificate of ${names[*]} from $AUTHORITY: $problem"
