#!/usr/bin/env bash
# Installs the distribution's packages that the other steps stand on.
# Inputs: FUSE_DRIVER = cloudfuse | rclone; HTTPS = yes | no, whether the site gets a certificate;
#         SECURITY_UPDATES = yes | no, whether they are installed every day
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
step=packages
. ./lib.sh
. ./list.sh
read_inputs

require_root
one_of FUSE_DRIVER cloudfuse rclone
one_of HTTPS yes no
one_of SECURITY_UPDATES yes no
check_host

# Until the site is set up nobody is to see nginx's own page: visitors are better off at another server of the site.
if [[ ! -e /usr/local/lib/web-server/configure ]]; then
  systemctl --quiet mask nginx.service 2>/dev/null || fail "nginx can't be kept from starting; see: systemctl mask nginx"
  systemctl --quiet stop nginx.service 2>/dev/null || true
fi

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} == 0)); then
  say "all packages are there"
  exit
fi

# A fresh server is often still busy with its first boot, which may use apt as well.
if command -v cloud-init >/dev/null; then
  say "waiting for the server's first boot to finish ..."
  timeout 600 cloud-init status --wait >/dev/null || true
fi

# Removing this step takes away just what it brought; written down before the work, so that an interrupted run counts.
install -d /var/lib/xwmooc
printf '%s\n' "${missing[@]}" >>"$installed_list"

export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get --yes --quiet --quiet --no-install-recommends --option DPkg::Lock::Timeout=600 --option Acquire::Retries=3 \
    --option Dpkg::Use-Pty=0 "$@"
}

# The lists have a lock of their own that apt does not wait for. Without the mode what cannot be fetched is only warned of.
update_lists() { apt update --option APT::Update::Error-Mode=any 2>"$log"; }

# Turns apt's machine-readable status (kind:package:percent:text) into a line every five seconds.
show_progress() {
  local percent text shown=-5
  while IFS=: read -r _ _ percent text; do
    if ((SECONDS - shown >= 5)); then
      say "${percent%.*} % $text"
      shown=$SECONDS
    fi
  done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "fetching the package lists ..."
wait_until 60 update_lists ||
  fail "the package lists cannot be fetched: $(tail -1 "$log"); check the server's network and its apt sources"

# Where the server was stopped while apt worked, apt refuses all else before this. It may fail where another apt works just now,
# for which the next command waits; and what is wrong with a package that one says, too.
dpkg --configure --pending >"$log" 2>&1 || true
say "installing ${#missing[@]} packages (a minute or two): ${missing[*]}"
apt install --option APT::Status-Fd=3 "${missing[@]}" 3> >(show_progress) >"$log" 2>&1 ||
  fail "apt-get could not install the packages: $(grep -m1 '^E:' "$log" || tail -1 "$log")"
say "installed"
