# The live configuration: a copy of the seed plus state, on the data volume, where the daemon may rewrite it.

# write_live NAME: stdin becomes $data/live/NAME, whole or not at all, also when the machine stops in the middle.
write_live() {
  local target=$data/live/$1
  cat >"$target.tmp"
  sync "$target.tmp"
  mv "$target.tmp" "$target"
  sync "$data/live"
}

# seed_value DIRECTIVE...: the last word of the first line of the seed that starts so.
seed_value() {
  local line wanted="$* "
  while IFS= read -r line; do
    if [[ $line == "$wanted"* ]]; then
      printf '%s' "${line##* }"
      return
    fi
  done <"$seed/$role.conf"
  return 1
}
