# shellcheck shell=bash
# What this machine must have: root, tools, kernel features; and where its Debian packages come from.

declare -A PACKAGE_OF=(
  [mmdebstrap]=mmdebstrap [systemd-nspawn]=systemd-container [nft]=nftables [qemu-img]=qemu-utils [mke2fs]=e2fsprogs
  [ip]=iproute2
)

require_root() { ((EUID == 0)) || fail "needs root: run it as root or with sudo."; }

# Installs the tools that are missing.
require_tools() {
  local tool missing=()
  for tool in "${!PACKAGE_OF[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${PACKAGE_OF[$tool]}")
  done
  [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || fail "these programs are missing: ${missing[*]}. On a machine without apt install them by hand."
  phase tools "installing ${missing[*]}" install_tools "${missing[@]}"
}

install_tools() {
  apt-get -o DPkg::Lock::Timeout=300 update
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"
}

# The kernel features of the container; modules are loaded here because the container cannot. A kernel may have them
# built in, or under other names: what counts is looked at afterwards.
require_kernel() {
  modprobe --all --quiet overlay veth bridge br_netfilter vxlan tun nf_tables nft_chain_nat ip_tables iptable_nat \
    ebtables ip_set kvm_intel kvm_amd 2>/dev/null || true
  grep --quiet --word-regexp overlay /proc/filesystems || fail "this kernel has no overlayfs (module overlay)."
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || fail "this kernel has no bridge firewall (module br_netfilter)."
  [[ -e /dev/net/tun ]] || fail "/dev/net/tun is missing: load the module tun."
}

# The machine's own sources of Debian 12, one line each; nothing where it is another system: then mmdebstrap's defaults.
debian_sources() {
  local origin site release component
  apt-get indextargets --format "\$(ORIGIN)|\$(SITE)|\$(RELEASE)|\$(COMPONENT)" 'Created-By: Packages' \
    | while IFS='|' read -r origin site release component; do
      [[ $origin == Debian && $site == http* && $release =~ ^bookworm(-updates|-security)?$ && $component == main ]] || continue
      echo "deb $site $release $component"
    done | sort --unique
}

# The machine's apt settings that fetching depends on: proxies, certificates, clocks.
apt_settings() {
  apt-config dump Acquire | grep --extended-regexp --ignore-case '::(proxy|cainfo|verify-peer|verify-host|check-valid-until|check-date)[ :]' || true
}
