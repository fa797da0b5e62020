# shellcheck shell=bash
# What this step puts where; shared by its scripts.
# shellcheck disable=SC2034 # used by the scripts that read this file
rules=/etc/xwmooc/firewall.nft unit=/etc/systemd/system/xwmooc-firewall.service
# The first file that sets an option counts: before cloud-init's own.
# shellcheck disable=SC2034
sshd=/etc/ssh/sshd_config.d/10-xwmooc.conf updates=/etc/apt/apt.conf.d/60xwmooc
