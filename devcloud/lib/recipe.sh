# shellcheck shell=bash
# What is built once, and from what. Each result carries the hash of its inputs in its name, so it is built again exactly
# when one of them changes. All of them lie in $CACHE:
#   packages-HASH   the container's root file system, as the packages leave it
#   golden-HASH     an overlay on it: configured and booted once (databases, users, catalogue, network)
#   tree-HASH       the root file system of the VM images, as the packages leave it
#   images-HASH     vmlinuz, initrd and two disks

# hash TEXT FILE-OR-FOLDER...: of the text, and of names and contents of the files (relative to devcloud/).
hash() {
  local text=$1
  shift
  (cd "$HERE" && { echo "$text" && find "$@" -type f -print0 | sort --zero-terminated | xargs --null sha256sum; }) \
    | sha256sum | cut --characters=1-16
}

packages_recipe() { hash "$(declare -f debian_tree build_packages)" packages; }
golden_recipe() {
  hash "$(packages_recipe)" settings.env services lib/configure-root inside/configure inside/first-boot inside/bootstrap.py
}
tree_recipe() { hash "$(declare -f debian_tree build_tree) $(debian_sources) $(apt_settings)" image/packages; }
images_recipe() { hash "$(tree_recipe)" image; }
