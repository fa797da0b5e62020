# shellcheck shell=bash
# Which hosts are supported and what they need; shared by the scripts of this step. FUSE_DRIVER, HTTPS and
# SECURITY_UPDATES must be set.

# What this step added to the machine, one package a line.
# shellcheck disable=SC2034 # used by the scripts that read this file
installed_list=/var/lib/xwmooc/packages

# check_host: one clear error on a system that nobody has tried, before anything is changed.
check_host() {
  local os
  os=$(. /etc/os-release && printf '%s %s' "$ID" "${VERSION_ID-}")
  case $os in
  "debian 12" | "ubuntu 24.04") ;;
  *) fail "this server runs $os; supported are Debian 12 and Ubuntu 24.04: choose another image" ;;
  esac
  [[ -d /run/systemd/system ]] || fail "this server does not run systemd, which starts and guards the services"
}

# required_packages: fuse3 serves both drivers: its fusermount is what cloudfuse's libfuse2 calls, too (the packages
# fuse and fuse3 exclude one another).
required_packages() {
  printf '%s\n' ca-certificates fuse3 nftables nginx nodejs procps
  if [[ ${HTTPS:?} == yes ]]; then printf '%s\n' certbot; fi
  if [[ ${SECURITY_UPDATES:?} == yes ]]; then printf '%s\n' unattended-upgrades; fi
  case ${FUSE_DRIVER:?} in
  cloudfuse)
    printf '%s\n' git gcc make pkg-config libc6-dev \
      libcurl4-openssl-dev libxml2-dev libssl-dev libfuse-dev libjson-c-dev
    ;;
  rclone) printf '%s\n' rclone ;;
  esac
}

missing_packages() {
  local package
  while read -r package; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done < <(required_packages)
}
