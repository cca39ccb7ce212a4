/** What is run on a host, in a container of the edge's image on the host's own network: bash, iproute2, socat. */

/**
 * What the machine looks like. Arguments: its address, the VIPs in one word, a port of them, the addresses of the other hosts. Whoever has
 * a VIP answers a connection to it, if only by refusing; and even behind a firewall it has to say its link address. Longer than a
 * second: the first packet is lost where the kernel has just given up asking for that address, and the next one goes a second later.
 */
export const FACTS = `address=$1 vips=$2 port=$3
shift 3
say() { printf '\\n== %s\\n' "$1"; }
run() { say "$1"; shift; "$@" 2>/dev/null || :; }
for vip in $vips; do
  socat -u /dev/null "TCP4:$vip:$port,connect-timeout=2.2" 2>"/tmp/answer-$vip" && echo open >"/tmp/answer-$vip" &
  asking+=($!)
done
run addresses ip -j -4 address
run links ip -j link
for peer; do run "route $peer" ip -j route get "$peer" from "$address"; done
run listeners ss -Hltnpe
say containers
for pid in $(ss -Hltnp | grep -o 'pid=[0-9]*' | sort -u); do
  echo "\${pid#pid=} $(grep -oE '[0-9a-f]{64}' "/proc/\${pid#pid=}/cgroup" 2>/dev/null | tail -1)"
done
say kernel
echo "overcommit $(cat /proc/sys/vm/overcommit_memory)"
echo "hugepages $(cat /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null)"
echo "files $(ulimit -Hn)"
echo "disk $(df -B1 --output=avail / | tail -1)"
wait "\${asking[@]}"
for vip in $vips; do
  run "answer $vip" cat "/tmp/answer-$vip"
  run "neighbour $vip" ip -j neigh show to "$vip"
done
`;

/**
 * Listens where members will, and for VRRP. Arguments: the host's address, `vrrp` or `quiet`, ports. Ends when all of it is there,
 * or somebody else has a port. What listens goes with the container.
 */
export const LISTEN = `address=$1 vrrp=$2
shift 2
exec </dev/null >/dev/null 2>&1
for port; do socat "TCP4-LISTEN:$port,bind=$address,reuseaddr,fork" /dev/null & done
if [ "$vrrp" = vrrp ]; then socat -u "IP4-RECV:112,bind=$address" OPEN:/tmp/vrrp,creat,append & fi
ready() {
  local listening port
  listening=$(ss -Hltn)
  for port; do [[ $listening == *":$port "* ]] || return 1; done
  [ "$vrrp" != vrrp ] || [[ $(</proc/net/raw) == *:0070 * ]]
}
until ready "$@" || ((SECONDS >= 5)); do sleep 0.1; done
`;

/**
 * Goes to the other hosts as members will. Arguments: the host's address, a word of this run, then `vrrp:ADDRESS` and
 * `ADDRESS:PORT`. Says `closed ADDRESS:PORT` of what is not reached within four seconds.
 */
export const REACH = `address=$1 word=$2
shift 2
reach() {
  until socat -u /dev/null "TCP4:$1,bind=$address,connect-timeout=1" 2>/dev/null; do
    if ((SECONDS >= 4)); then echo "closed $1"; return; fi
    sleep 0.2
  done
}
for target; do
  case $target in
    vrrp:*) for try in 1 2 3; do
        echo "$word $address" | socat -u - "IP4-SENDTO:\${target#vrrp:}:112,bind=$address"
        sleep 0.2
      done 2>/dev/null & ;;
    *) reach "$target" & ;;
  esac
done
wait
`;

/** Whose VRRP came. Argument: the word of this run. */
export const HEARD = `grep -a -o "$1 [0-9.]*" /tmp/vrrp 2>/dev/null | sort -u || :
`;
