# Sentinel goes by the time of day. When that is set back, all it noted down lies in the future: until the clock is again where
# it was it pings nobody, holds nobody for down and begins no failover. Measured: set back by an hour on all sentinels, a dead
# master was not replaced. One that starts anew has what it knows of masters and epochs, and no times; it takes a second.

# Up to a second is less than what a failover may take anyway; the clock is slewed, not set, for so little.
readonly SET_BACK_MS=1000 CLOCK_LOOK_MS=1000

# watch_clock PID: ends the sentinel when the clock is set back; the container's restart policy starts it again.
watch_clock() {
  local before
  clock_origin
  while kill -0 "$1" 2>/dev/null; do
    before=$clock_origin
    pause_ms "$CLOCK_LOOK_MS"
    clock_origin
    ((before - clock_origin > SET_BACK_MS)) || continue
    log "the clock was set back by $((before - clock_origin)) ms, and a sentinel notices nothing until it is there again: starting anew"
    kill -TERM "$1" 2>/dev/null || true
    return 0
  done
}

# clock_origin: sets $clock_origin, what the time of day was when the machine started: changes when the clock is set only.
clock_origin() {
  now_ms
  wall_ms
  clock_origin=$((wall_ms - now_ms))
}
