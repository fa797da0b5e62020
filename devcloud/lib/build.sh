# shellcheck shell=bash disable=SC2153 # PACKAGES, TREE, LOGS ... are set by ../devcloud
# Builds what recipe.sh names. Each result grows in NAME.partial and is renamed when it is complete.

# remove DIRECTORY: also a half-built one with mounts below it.
remove() {
  local mounted
  while read -r mounted; do umount --lazy "$mounted"; done \
    < <(awk -v below="$1/" 'index($5 "/", below) == 1 { print $5 }' /proc/self/mountinfo | sort --reverse)
  rm --recursive --force --one-file-system "$1"
}

# build RESULT FUNCTION: runs FUNCTION RESULT.partial, then renames.
build() {
  local result=$1 function=$2
  remove "$result.partial"
  mkdir -p "$CACHE"
  "$function" "$result.partial"
  mv "$result.partial" "$result"
}

# debian_tree DIRECTORY PACKAGES-FILE [MMDEBSTRAP-OPTION...]
debian_tree() {
  local directory=$1 packages sources setting options=()
  packages=$(grep --invert-match '^#' "$2" | xargs | tr ' ' ',')
  shift 2
  mapfile -t sources < <(debian_sources)
  while read -r setting; do options+=(--aptopt="$setting"); done < <(apt_settings)
  mmdebstrap --variant=minbase --mode=root --skip=check/empty,cleanup/reproducible \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' "${options[@]}" \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --include="$packages" "$@" bookworm "$directory" "${sources[@]}"
}

build_packages() {
  debian_tree "$1" "$HERE/packages" --dpkgopt='path-exclude=/usr/share/qemu-efi*' \
    --essential-hook="printf '#!/bin/sh\nexit 101\n' >\$1/usr/sbin/policy-rc.d && chmod 755 \$1/usr/sbin/policy-rc.d" \
    --customize-hook="rm \$1/usr/sbin/policy-rc.d"
}

# The initrd is made once, by image/build, not by each package that asks for it.
build_tree() {
  debian_tree "$1" "$HERE/image/packages" \
    --dpkgopt=force-confold \
    --essential-hook="mkdir -p \$1/etc/initramfs-tools && echo update_initramfs=no >\$1/etc/initramfs-tools/update-initramfs.conf"
}

build_images() {
  mkdir -p "$1"
  unshare --mount --propagation private "$HERE/image/build" "$TREE" "$1" "$PLAIN_IMAGE" "$WEB_IMAGE"
}

# Configured and booted once. The result is an overlay's upper directory; no container runs when it is done.
build_golden() {
  local work=$1.work
  remove "$work"
  mkdir -p "$1" "$work"
  unshare --mount --propagation private "$HERE/lib/configure-root" "$PACKAGES" "$1" "$work"
  trap stop_container EXIT
  start_container "$1" "$work" "$PACKAGES"
  in_container /opt/devcloud/inside/first-boot || {
    in_container journalctl --no-pager >"$LOGS/journal.log"
    false
  }
  stop_container
  trap - EXIT
  remove "$work"
}
