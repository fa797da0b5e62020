# shellcheck shell=bash
# Puts the wrapper of ../files/usr/local/lib/devcloud/qemu-system-x86_64 before the real emulator.
dpkg-divert --quiet --local --rename --divert /usr/bin/qemu-system-x86_64.real --add /usr/bin/qemu-system-x86_64
ln -s /usr/local/lib/devcloud/qemu-system-x86_64 /usr/bin/qemu-system-x86_64
rm -f /etc/libvirt/qemu/networks/autostart/*
systemctl enable libvirt-guests.service
