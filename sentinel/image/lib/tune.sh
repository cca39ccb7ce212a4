# Sentinel's rhythm, which has no place in its configuration file. Milliseconds.
#
# PING 500 instead of 1000: a sentinel connects anew once a ping period at most, and counts that as silence. After a
# switch it often connects to the new master a second late, holds it for down (down-after 1 s), and two of them replace
# it at once. Measured, 14 failovers each at down-after 1 s: 4 such doubts with 1000, none with 500. Replicas count as
# candidates for 5 ping periods after an INFO, which comes every second then: below 200 they would go stale.
# INFO 700 instead of 10000: when replicas are found, when a wrong role is noticed, and above all when a promotion is. From
# the moment a master is held for down its replicas are asked when the last INFO is a second old, and the promotion comes
# 0.25 s after that moment. A last INFO less than 0.75 s old is followed by one right behind the promotion; an older one
# by one right before it, and the next only a second later. Measured, first write after a master and a sentinel were
# killed, 10 times each, mean and most: 2000 2.12 s, 2.42 s; 800 2.00, 2.39; 700 1.80, 2.07; 600 2.11, 2.83. That was
# before replicas followed at once; now no write waits for that INFO, only the announcement to the other sentinels does.
# ASK 200 instead of 1000: how soon sentinels hear that the others hold a master for down, and are given their votes anew.
# Votes count in one epoch only, and another shard's failover begins the next: when a domain with two masters went, the
# second one was replaced a second late in 2 of 3 cases.
# PUBLISH 1000 instead of 2000: how fast sentinels learn from each other; a returned master is demoted after 4 of them.
# TILT-PERIOD 1500 instead of 30000: a sentinel that was stopped for 2 s (a busy host) trusts nobody for so long. It goes on
# pinging meanwhile, so three periods of that tell it how everybody is. With 30 s a master that died in that time was not
# replaced, and no replica was good any more afterwards: their links had been down for more than 10 x down-after.
# ELECTION-TIMEOUT 400 instead of 10000: when a sentinel says that it got too few votes. Two that stood at once have one
# each; the guards tell the first of them to go on (guard/split-vote.ts). Votes that count are there within two ASKs.
readonly RHYTHM='PING-PERIOD 500 INFO-PERIOD 700 ASK-PERIOD 200 PUBLISH-PERIOD 1000 TILT-PERIOD 1500 ELECTION-TIMEOUT 400'

# tune PID: tells the sentinel of this member its rhythm as soon as it listens; gives up when PID has gone.
tune() {
  local line resp
  until resp_open "$address" "$port"; do
    kill -0 "$1" 2>/dev/null || return 0
    pause_ms 50
  done
  if ! resp_login sentinel "$sentinel_password"; then
    log 'rhythm not set: the password of its own account is refused'
    return 0
  fi
  printf 'SENTINEL DEBUG %s\r\n' "$RHYTHM" >&"$resp"
  resp_line || line='no answer'
  if [[ $line == +OK ]]; then log "rhythm: $RHYTHM"; else log "rhythm not set: $line"; fi
}
