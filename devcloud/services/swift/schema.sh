# shellcheck shell=bash
# One device, one replica: three rings that say so.
cd /etc/swift || exit
for ring in account:6202 container:6201 object:6200; do
  builder=${ring%:*}.builder
  swift-ring-builder "$builder" create 4 1 1
  swift-ring-builder "$builder" add --region 1 --zone 1 --ip 127.0.0.1 --port "${ring#*:}" --device d1 --weight 1
  swift-ring-builder "$builder" rebalance
done
chown --recursive swift:swift /etc/swift
install -d -o swift -g swift /srv/swift/d1 /var/cache/swift
