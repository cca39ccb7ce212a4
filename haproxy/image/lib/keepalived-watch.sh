# Does keepalived live? Its VRRP process tracks a file that is never anything but 0. Whenever somebody writes to it, the
# kernel wakes the process, which looks, and goes to sleep again: that is counted (voluntary_ctxt_switches). One that is
# stopped, spins, or is stuck does not go to sleep once more, whatever its state in the election is.

# Looks in vain, 0.2 s each. Of one that is stopped so many that they take a little less than the standby needs to take the
# VIP over. Any other may only be waiting for a busy machine: ended too early, it would cut every client for nothing.
readonly STOPPED_LOOKS=4 HEARTBEAT_LOOKS=10

# process_state PID: sets $state (R, S, T, …) and $sleeps, how often it went to sleep by itself. Fails when it is gone.
#
# The file is read as a whole. `read` reads ahead and seeks back behind each line, and the kernel makes such a file anew for each
# seek: while "S (sleeping)" becomes "R (running)" all that follows moves by a letter, and lines are cut. One look in a
# hundred missed a process that was just waking up, and the edge ended for nothing.
process_state() {
  local lines line
  state='' sleeps='' lines=()
  mapfile -t lines 2>/dev/null <"/proc/$1/status"
  for line in "${lines[@]}"; do
    case $line in
      State:*) line=${line#*$'\t'} state=${line:0:1} ;;
      voluntary_ctxt_switches:*) sleeps=${line##*$'\t'} ;;
    esac
  done
  [[ -n $sleeps ]]
}

# keepalived_alive RUN: does its VRRP process answer a heartbeat, and is its parent not stopped? The parent has nothing to
# do before the VRRP process ends, or it is told to.
keepalived_alive() {
  local parent vrrp before look stopped=0 state sleeps
  { read -r parent <"$1/keepalived.pid" && read -r vrrp <"$1/vrrp.pid"; } 2>/dev/null || return 1
  process_state "$vrrp" || return 1
  before=$sleeps
  for ((look = 0; look < HEARTBEAT_LOOKS; look++)); do
    # Not emptied first: read at that moment, it would be no number.
    printf '0\n' 1<>"$1/heartbeat"
    pause 0.02
    process_state "$vrrp" || return 1
    if [[ $state != T ]] && ((sleeps > before)); then
      process_state "$parent" || return 1
      [[ $state == T ]] || return 0
    fi
    if [[ $state == T ]]; then stopped=$((stopped + 1)); fi
    ((stopped < STOPPED_LOOKS)) || return 1
    pause 0.18
  done
  return 1
}

# watch_keepalived RUN: as long as the supervisor lives, which gets SIGUSR1 when keepalived hangs. Renews the VIPs' leases.
watch_keepalived() {
  local turn=0
  while kill -0 $$ 2>/dev/null; do
    if ! keepalived_alive "$1"; then
      kill -USR1 $$
      return
    fi
    if ((turn++ % 4 == 0)); then renew_vips "$1/vrrp-state"; fi
    pause 0.2
  done
}
