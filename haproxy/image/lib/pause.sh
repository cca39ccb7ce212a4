exec {silence}<> <(:)

# pause SECONDS, without starting a process: nobody writes to this pipe.
pause() { read -r -t "$1" -u "$silence" || true; }

# up_s: sets $up_s, for how many seconds the machine has run. SECONDS goes by the time of day, which may be set meanwhile.
up_s() {
  read -r up_s _ </proc/uptime
  up_s=${up_s%.*}
}
