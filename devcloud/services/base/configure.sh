# shellcheck shell=bash
# Every openstack-* unit belongs to openstack.target; the target itself is enabled when the first boot succeeded.
grep --invert-match '^#' "$SERVICES/base/masked-units" | xargs systemctl mask
systemctl enable devcloud-network.service
mkdir -p /etc/systemd/system/openstack.target.wants
ln -s --target-directory=/etc/systemd/system/openstack.target.wants /etc/systemd/system/openstack-*.service
