#!/usr/bin/env bash
# Boots a throwaway copy of the test host in a container. This process becomes the container's supervisor: SIGTERM shuts
# it down. Must start in a mount namespace of its own, with which its mounts go.
#
#     unshare --mount boot.sh NAME ROOTFS SCRATCH [SOURCE:TARGET ...]
#
# SCRATCH keeps what the container writes, over a reboot too. The site's folder is on a plain file system, as on a server: through
# overlayfs each step of a path costs several times as much. Each SOURCE shows read-only at TARGET.
set -euo pipefail
name=$1 rootfs=$2 scratch=$3
shift 3

# A control group of its own, without which two containers would take each other's services for theirs. The first form
# is the unified hierarchy, the second the old one with a folder for each controller.
hierarchies=(/sys/fs/cgroup/)
if [[ ! -e /sys/fs/cgroup/cgroup.procs ]]; then hierarchies=(/sys/fs/cgroup/*/); fi
for hierarchy in "${hierarchies[@]}"; do
  group=$hierarchy$name
  mkdir -p "$group"
  if [[ -e $group/cpuset.cpus && -z $(<"$group/cpuset.cpus") && -e $hierarchy/cpuset.cpus ]]; then
    cat "$hierarchy/cpuset.cpus" >"$group/cpuset.cpus"
    cat "$hierarchy/cpuset.mems" >"$group/cpuset.mems"
  fi
  echo $$ >"$group/cgroup.procs"
done

mkdir -p "$scratch/upper" "$scratch/work" "$scratch/root" "$scratch/www"
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"

binds=()
for pair in "$@"; do binds+=("--bind-ro=$pair"); done
# Nothing of it reaches the network: the store is inside. /dev/fuse is what a server has and a container lacks.
exec systemd-nspawn --quiet --directory="$scratch/root" --machine="$name" --register=no --keep-unit --private-network \
  --resolv-conf=off --timezone=off --link-journal=no --console=pipe --bind=/dev/fuse --bind="$scratch/www:/var/www" "${binds[@]}" --boot
