exec {silence}<> <(:)

# pause SECONDS, without starting a process: nobody writes to this pipe.
pause() { read -r -t "$1" -u "$silence" || true; }
