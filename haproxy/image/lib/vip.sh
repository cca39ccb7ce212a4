# The VIPs on this edge's device, seen and changed past keepalived: one that hangs, or was killed, leaves them behind. Most
# stacks have one; where there are several, each is elected by itself.

# Seconds a VIP stays without being renewed. The kernel counts them, also while every process of the edge is frozen.
readonly LEASE_SECONDS=4

# drop_vip [ADDRESS]: takes it off the device that has it; without one, all of them.
drop_vip() {
  local device vip
  # Where others lead applications here, the address is theirs, should it be on this host.
  [[ $entrance == vrrp ]] || return 0
  for vip in "${@:-${vips[@]}}"; do
    device_of "$vip" || continue
    ip address del "$vip/32" dev "$device" && say "took $vip off $device"
  done
}

# renew_vips FILE: keepalived gave an address no end; so a holder that is frozen for good, or thawed much later, would have
# it for ever. What FILE says of its state is written a moment after the address was added or taken off, and renewing adds
# an address that was taken off meanwhile: so it is a stray one only when it is still there at the next look.
declare -A stray=() held=()
renew_vips() {
  local device vip state
  for vip in "${vips[@]}"; do
    if ! device_of "$vip"; then
      stray[$vip]=0
      if ((${held[$vip]:-0})); then end_connections "$vip"; fi
      held[$vip]=0
      continue
    fi
    held[$vip]=1
    read_state "$1" "$vip"
    if [[ $state == MASTER ]]; then
      stray[$vip]=0
      ip address change "$vip/32" dev "$device" valid_lft "$LEASE_SECONDS" preferred_lft "$LEASE_SECONDS"
    else
      stray[$vip]=$((${stray[$vip]:-0} + 1))
      if ((stray[$vip] > 1)); then drop_vip "$vip"; fi
    fi
  done
}

# end_connections VIP: those that came to it while this edge, which lives on, had it. Their clients are the other holder's
# now, and nobody tells HAProxy, for what they answer goes there. Left alone they stay for an hour; and once the VIP is back,
# a client that happens to have the port of one of them is neither served nor refused: the kernel takes what it sends for an
# old packet of the other connection. Measured in a lab: 4 of 4 such clients heard nothing for 40 s, others were reset within 2.
end_connections() {
  # That `ip` cannot say where it is says nothing about it.
  [[ $entrance == vrrp && -z $(ip -o -4 address show to "$1/32" || echo unknown) ]] || return 0
  ss -K -Htn state connected src "$1" >/dev/null
}

# read_state FILE VIP: sets $state to what keepalived last said of it, or to nothing. FILE has a line for each, "STATE MS VIP".
read_state() {
  local of word
  state=
  while read -r word _ of; do
    if [[ $of == "$2" ]]; then state=$word; fi
  done 2>/dev/null <"$1"
}
