#!/usr/bin/env bash
# Proves that the firewall is there, and that SSH takes nothing but keys.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=hardening
. ./lib.sh
. ./paths.sh
read_inputs

systemctl --quiet is-active "${unit##*/}" || fail "the firewall is not loaded; see: journalctl -u ${unit##*/}"
[[ $(nft list chain inet xwmooc input 2>/dev/null) == *'policy drop'* ]] ||
  fail "the firewall lets everything through; see: nft list ruleset"
effective=$'\n'$(sshd -T 2>/dev/null)$'\n'
for option in 'passwordauthentication no' 'permitrootlogin no' "allowusers ${LOGIN_USER:?}"; do
  [[ $effective == *$'\n'"$option"$'\n'* ]] || fail "sshd has not '$option': something in /etc/ssh/sshd_config.d comes before $sshd"
done
if [[ $SECURITY_UPDATES == yes ]]; then
  [[ -x /usr/bin/unattended-upgrade ]] || fail "the package unattended-upgrades is missing"
fi
say "verified: firewall, SSH by key of $LOGIN_USER, security updates: $SECURITY_UPDATES"
