# shellcheck shell=bash
# The host's side of the dev cloud's networks: two interfaces, one nft table, IP forwarding.

interface_exists() { ip link show dev "$1" >/dev/null 2>&1; }

# Fails when the names or addresses are taken by something else.
require_free_network() {
  local interface device
  for interface in "$API_INTERFACE" "$PUBLIC_INTERFACE"; do
    ! interface_exists "$interface" || fail "the interface $interface exists but belongs to no dev cloud that is known here. Remove it: ip link delete $interface"
  done
  device=$({ ip -o -4 route show root "$API_CIDR" && ip -o -4 route show root "$PUBLIC_CIDR"; } | head -n 1)
  [[ -z $device ]] || fail "the dev cloud needs the networks $API_CIDR and $PUBLIC_CIDR, but this machine routes there already: $device. Take that network down, or change the addresses in devcloud/settings.env."
}

network_up() {
  for _ in {1..100}; do
    interface_exists "$API_INTERFACE" && interface_exists "$PUBLIC_INTERFACE" && break
    sleep 0.1
  done
  ip link set "$API_INTERFACE" mtu "$MTU" up
  ip address replace "$HOST_IP/${API_CIDR#*/}" dev "$API_INTERFACE"
  ip link set "$PUBLIC_INTERFACE" mtu "$MTU" up
  ip address replace "$PUBLIC_GATEWAY/${PUBLIC_CIDR#*/}" dev "$PUBLIC_INTERFACE"
  if [[ $(</proc/sys/net/ipv4/ip_forward) == 0 ]]; then
    touch "$RUNTIME/forwarding-was-off"
    echo 1 >/proc/sys/net/ipv4/ip_forward
  fi
  nft --file - <<NFT
table ip $NFT_TABLE
delete table ip $NFT_TABLE
table ip $NFT_TABLE {
  # The credentials are public: only this machine and its guests may open connections into these networks.
  chain guard {
    type filter hook prerouting priority mangle;
    iifname != { "lo", "$API_INTERFACE", "$PUBLIC_INTERFACE" } ip daddr { $API_CIDR, $PUBLIC_CIDR } ct state new drop
  }
  # Servers reach the outside with this machine's address.
  chain outside {
    type nat hook postrouting priority srcnat;
    ip saddr { $API_CIDR, $PUBLIC_CIDR } ip daddr != { $API_CIDR, $PUBLIC_CIDR } masquerade
  }
  chain segments {
    type filter hook forward priority mangle;
    iifname { "$API_INTERFACE", "$PUBLIC_INTERFACE" } tcp flags syn tcp option maxseg size set rt mtu
    oifname { "$API_INTERFACE", "$PUBLIC_INTERFACE" } tcp flags syn tcp option maxseg size set rt mtu
  }
}
NFT
}

# The interfaces vanish with the container.
network_down() {
  nft delete table ip "$NFT_TABLE" 2>/dev/null || true
  if [[ -e $RUNTIME/forwarding-was-off ]]; then echo 0 >/proc/sys/net/ipv4/ip_forward; fi
}

# The name servers of this machine; not the local stub of systemd-resolved, which guests cannot reach.
name_servers() {
  local file=/etc/resolv.conf
  if grep --quiet --extended-regexp '^nameserver 127\.' "$file"; then file=/run/systemd/resolve/resolv.conf; fi
  awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ { print $2 }' "$file"
}
