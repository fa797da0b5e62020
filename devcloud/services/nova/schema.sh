# shellcheck shell=bash
install -d -o nova -g nova /var/lib/nova/instances
for group in kvm libvirt libvirt-qemu; do usermod --append --groups "$group" nova; done
as_user nova nova-manage api_db sync
as_user nova nova-manage cell_v2 map_cell0
as_user nova nova-manage db sync
as_user nova nova-manage cell_v2 create_cell --name=cell1
