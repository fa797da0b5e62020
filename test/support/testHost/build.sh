#!/usr/bin/env bash
# Builds the root file system of the test host: what a freshly booted web VM has, plus a small real Swift.
#
#     build.sh DIR SYSTEM     DIR appears only when it is complete; nothing is done when it is there
#
# SYSTEM is debian-12 or ubuntu-24.04. Needs root, mmdebstrap and debian-archive-keyring. Takes two to three minutes on two cores, most of it
# unpacking packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$1
partial=$target.partial
ubuntu=http://archive.ubuntu.com/ubuntu

base=(apt systemd systemd-sysv dbus udev iproute2 procps openssh-server sudo)
# What the dev cloud's image debian-12-web has preinstalled, and certbot.
web=(git gcc make pkg-config libc6-dev libcurl4-openssl-dev libxml2-dev libssl-dev libfuse-dev libjson-c-dev
  fuse3 rclone nginx nodejs nftables ca-certificates certbot)
store=(swift-proxy swift-account swift-container swift-object memcached curl)
# What the benchmarks run side by side with the product; a clock that can be set for one process; writes without fsync.
others=(rsync lsyncd inotify-tools libfaketime eatmydata caddy wrk nghttp2-client)
# Clients of the upload gateway.
clients=(lftp python3)

# ubuntu_keyring FILE: fetches the keys of Ubuntu's archive, which Debian has no package of.
ubuntu_keyring() {
  local package=ubuntu-keyring_2023.11.28.1_all.deb sum=36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8
  local folder
  folder=$(mktemp --directory)
  curl --fail --silent --show-error --retry 3 --output "$folder/$package" "$ubuntu/pool/main/u/ubuntu-keyring/$package"
  sha256sum --quiet --check <<<"$sum  $folder/$package"
  dpkg-deb --fsys-tarfile "$folder/$package" | tar --extract --to-stdout ./usr/share/keyrings/ubuntu-archive-keyring.gpg >"$1"
  rm --recursive "$folder"
}

# The two hooks run inside mmdebstrap, with the new root as $1.

# No service starts while its package is installed.
essential() {
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
}

customize() {
  local root=$1
  rm -f "$root/usr/sbin/policy-rc.d"
  printf 'test-host\n' >"$root/etc/hostname"
  cp "$here"/swift/*.conf "$root/etc/swift/"
  cp "$here"/swift/*.service "$root/etc/systemd/system/"
  chroot "$root" bash -euo pipefail <<'CHROOT'
    cd /etc/swift
    for ring in account:6202 container:6201 object:6200; do
      name=${ring%:*}
      swift-ring-builder "$name.builder" create 4 1 1
      swift-ring-builder "$name.builder" add "r1z1-127.0.0.1:${ring#*:}/d1" 1
      swift-ring-builder "$name.builder" rebalance
    done >/dev/null
    install -d -o swift -g swift /srv/swift/d1 /var/cache/swift
    # The distribution starts a daemon for every background job of Swift; the tests want the four servers only.
    for unit in /lib/systemd/system/swift-*.service /etc/init.d/swift-*; do
      [[ -e $unit ]] && ln -sf /dev/null "/etc/systemd/system/$(basename "${unit%.service}").service"
    done
    systemctl --quiet enable test-store.service
    systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
      systemd-udevd.service systemd-udev-trigger.service console-getty.service getty@.service rsync.service caddy.service

    # One package in a repository on disk lets the tests run a real apt-get without a network.
    install -d /srv/apt
    cd /srv/apt
    apt-get download --quiet --quiet --option APT::Sandbox::User=root make
    for deb in *.deb; do
      dpkg-deb --field "$deb"
      printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
    done >Packages
    rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*
    printf 'deb [trusted=yes] file:/srv/apt ./\n' >/etc/apt/sources.list
CHROOT
}

case $2 in
--essential) essential "$1"; exit ;;
--customize) customize "$1"; exit ;;
esac

system=$2
exec 9>"${target%/*}/test-host.lock"
flock 9
if [[ -d $target ]]; then exit; fi
# What earlier states of the scripts built; a build that was interrupted.
rm -rf "${target%/*}/test-host-$system"-*

case $system in
debian-12)
  # shellcheck source=../../../devcloud/lib/host.sh
  . "$here/../../../devcloud/lib/host.sh"
  mapfile -t sources < <(debian_sources)
  release=(bookworm "$partial" "${sources[@]}")
  ;;
ubuntu-24.04)
  ubuntu_keyring "$target.gpg"
  archive="deb [signed-by=$target.gpg] $ubuntu"
  store+=(swift) # where Ubuntu has the tools for the rings
  release=(noble "$partial" "$archive noble main universe" "$archive noble-updates main universe")
  ;;
*) echo "the test host can be debian-12 or ubuntu-24.04, not $system" >&2 && exit 2 ;;
esac

include=$(IFS=,; printf '%s' "${base[*]},${web[*]},${store[*]},${others[*]},${clients[*]}")
mmdebstrap --variant=minbase --mode=root --skip=cleanup/apt/lists \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook="'$here/build.sh' \"\$1\" --essential" --customize-hook="'$here/build.sh' \"\$1\" --customize" \
  --include="$include" "${release[@]}"
mv "$partial" "$target"
