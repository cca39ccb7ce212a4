# The VIP on this edge's device, seen and changed past keepalived: one that hangs, or was killed, leaves it behind.

# Seconds the VIP stays without being renewed. The kernel counts them, also while every process of the edge is frozen.
readonly LEASE_SECONDS=4

# Sets $device to the device that has the VIP, or to nothing.
find_vip() {
  device_of "$vip"
}

drop_vip() {
  local device
  # Where others lead applications here, the address is theirs, should it be on this host.
  [[ $entrance == vrrp ]] || return 0
  find_vip || return 0
  ip address del "$vip/32" dev "$device" && say "took $vip off $device"
}

# renew_vip FILE: keepalived gave the address no end; so a holder that is frozen for good, or thawed much later, would have
# it for ever. What FILE says of its state is written a moment after the address was added or taken off, and renewing adds
# an address that was taken off meanwhile: so it is a stray one only when it is still there at the next look.
stray=0
renew_vip() {
  local device state=
  if ! find_vip; then
    stray=0
    return
  fi
  read -r state _ 2>/dev/null <"$1"
  if [[ $state == MASTER ]]; then
    stray=0
    ip address change "$vip/32" dev "$device" valid_lft "$LEASE_SECONDS" preferred_lft "$LEASE_SECONDS"
  elif ((++stray > 1)); then
    drop_vip
  fi
}
