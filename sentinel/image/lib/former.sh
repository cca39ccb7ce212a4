# Stacks had one network once, and members other addresses: what was noted down then is about the same members. `former`
# holds their addresses as THEN=NOW, as far as the front network still has them.

# present_of HOST:PORT: sets $present to where that member is now.
present_of() {
  local pair
  present=$1
  for pair in ${former:-}; do
    if [[ ${pair%=*} == "$1" ]]; then present=${pair#*=}; fi
  done
}
