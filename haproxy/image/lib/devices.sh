# Which device carries which network: found by address at every start, for their names and order are Docker's affair.

# device_of ADDRESS: sets $device to the one that has the address, or to nothing.
device_of() {
  device=
  read -r _ device _ < <(ip -o -4 address show to "$1/32")
  [[ -n $device ]]
}

# find_devices: sets $front_device and $back_device; fails with a sentence in $trouble.
find_devices() {
  trouble="no device has the front address $front_address"
  device_of "$front_address" || return 1
  front_device=$device
  trouble="no device has the back address $address"
  device_of "$address" || return 1
  back_device=$device
}

# close_back: nothing that comes in over the front gets to the back, neither to an address there of this edge nor, for
# containers forward packets, to another member. Linux takes a packet for any address of its own over any device, so an
# application that makes its packets itself could reach the ops port, or speak VRRP as the other edge. It is dropped before
# the table of own addresses is asked, which has to make room in front of it. On one device there is nothing to close.
close_back() {
  [[ $front_device != "$back_device" ]] || return 0
  [[ $(ip rule show) != *"to $back_network iif $front_device "* ]] || return 0
  if [[ $(ip rule show pref 0) == *'lookup local'* ]]; then
    ip rule add pref 1 lookup local && ip rule del pref 0 lookup local || return 1
  fi
  ip rule add pref 0 iif "$front_device" to "$back_network" blackhole
}

# write_keepalived_conf: the seed with the names of the devices in their places.
write_keepalived_conf() {
  local conf
  conf=$(<"$seed/keepalived.conf")
  conf=${conf//@front@/$front_device}
  printf '%s\n' "${conf//@back@/$back_device}" >"$run/keepalived.conf"
}
