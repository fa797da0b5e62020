#!/usr/bin/env bash
# Gets the site's certificate from a certificate authority by ACME, with certbot, and keeps it fresh.
# Inputs: DOMAIN; COURSE_NAMES = names below it that the certificate is for as well, or empty; AUTHORITY = URL of the ACME
#         directory; EMAIL = where the authority may write to, or empty
# Files:  trusted-root.pem, only for an authority that the system does not trust
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=certificate
. ./lib.sh
. ./paths.sh
read_inputs

require_root
[[ ${DOMAIN-} =~ ^[a-z0-9.-]+$ ]] || fail "input DOMAIN must be a DNS name; it is '${DOMAIN-}'"
[[ ${COURSE_NAMES-} =~ ^[a-z0-9.\ -]*$ ]] ||
  fail "input COURSE_NAMES must be DNS names with spaces between, or empty; it is '$COURSE_NAMES'"
[[ ${AUTHORITY-} == https://* ]] || fail "input AUTHORITY must be an https:// URL; it is '${AUTHORITY-}'"
[[ -x /usr/local/lib/web-server/configure ]] || fail "nginx is not set up; run the web-server step first"

ensure_user certificate "$state"
install -d -o certificate -g certificate -m 0755 "$challenges"
install -d -m 0755 "$lib"
for file in lib.sh paths.sh; do install_file "$file" "$lib/$file" root:root 0644; done
for file in obtain deploy status; do install_file "$file.sh" "$lib/$file" root:root 0755; done
if [[ -s trusted-root.pem ]]; then
  install_file trusted-root.pem "$lib/trusted-root.pem" root:root 0644
else
  rm -f "$lib/trusted-root.pem"
fi
printf '%s=%q\n' DOMAIN "$DOMAIN" COURSE_NAMES "${COURSE_NAMES-}" AUTHORITY "$AUTHORITY" EMAIL "${EMAIL-}" >"$lib/inputs"

for unit in "${units[@]}"; do install_file "$unit" "/etc/systemd/system/$unit" root:root 0644; done
systemctl daemon-reload
# The package's own timer knows of none of our certificates.
systemctl --quiet disable --now certbot.timer 2>/dev/null || true
systemctl --quiet enable --now certificate.timer
say "asking $AUTHORITY for a certificate of $DOMAIN ..."
# A domain that does not lead here yet is no failure of the step; verify.sh says what is missing.
systemctl start certificate.service 2>/dev/null || true
say "installed"
