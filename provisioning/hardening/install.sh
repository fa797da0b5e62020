#!/usr/bin/env bash
# Closes the server: a firewall of its own, SSH by key alone, security updates by themselves.
# Inputs: LOGIN_USER = who may log in by SSH; SECURITY_UPDATES = yes | no
# Files:  firewall.nft, nftables' rules
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=hardening
. ./lib.sh
. ./paths.sh
read_inputs

require_root
one_of SECURITY_UPDATES yes no
[[ ${LOGIN_USER-} =~ ^[a-z_][a-z0-9_-]*$ ]] || fail "input LOGIN_USER must be a Linux user name; it is '${LOGIN_USER-}'"
[[ -s firewall.nft ]] || fail "the file firewall.nft is missing or empty"
problem=$(nft --check --file firewall.nft 2>&1) || fail "nftables refuses the rules: $(head -n 1 <<<"$problem")"

install -d "${rules%/*}"
install_file firewall.nft "$rules" root:root 0644
install_file xwmooc-firewall.service "$unit" root:root 0644
systemctl daemon-reload
systemctl --quiet enable "${unit##*/}"
# A restart would take the rules away first; a reload leaves nothing open in between, so it needs no look at what changed.
systemctl reload-or-restart "${unit##*/}" 2>/dev/null || fail "the firewall can't be loaded; see: journalctl -u ${unit##*/}"

rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
sed "s|@LOGIN_USER@|$LOGIN_USER|" sshd.conf >"$rendered"
before=$(cat "$sshd" 2>/dev/null || true)
install_file "$rendered" "$sshd" root:root 0644
# Ubuntu starts sshd, which this folder comes with, at the first connection.
install -d -m 0755 /run/sshd
if ! problem=$(sshd -t 2>&1); then
  rm -f "$sshd"
  fail "sshd refuses its configuration: $problem"
fi
if [[ $(cat "$sshd") != "$before" ]]; then systemctl try-reload-or-restart ssh.service; fi

if [[ $SECURITY_UPDATES == yes ]]; then
  install_file updates.conf "$updates" root:root 0644
else
  rm -f "$updates"
fi
say "installed"
