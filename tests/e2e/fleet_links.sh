#!/usr/bin/env bash
# fleet_links.sh [--seconds N] [--strict] [CASE...]: as fleet_faults.sh, but one replica of each pair is
# a host of its own (a network namespace), whose link loses 30 % of all packets, or is cut.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/faults_lib.sh"
. "$here/netns_lib.sh"
missing=$(netns_missing)
[ -z "$missing" ] || skip "$missing"
command -v nft >/dev/null || skip "nft is not installed (package nftables)"
trap 'netns_down; stop_all' EXIT
netns_up 2 || { netns_down; skip "hosts cannot be made here"; }

# far NAME N: a replica of shard N - 1, on host N
far() {
    rm -f "$1.log"
    ip netns exec "souk$net_id-$2" "$SOUK_BIN/souk-replica" --model good.model --shard $(($2 - 1))/2 \
        --listen "tcp://$net_subnet.$2:7101" 2>"$1.log" &
    pid[$1]=$!
    wait_for "$1.log" ' ready '
}

# lose PERCENT: of the packets that each host sends and gets
lose() {
    local n
    for n in 1 2; do
        ip netns exec "souk$net_id-$n" nft -f - <<RULES || return
table inet loss {
    chain in { type filter hook input priority 0; numgen random mod 100 < $1 drop; }
    chain out { type filter hook output priority 0; numgen random mod 100 < $1 drop; }
}
RULES
    done
}

mend() {
    local n
    for n in 1 2; do
        ip netns exec "souk$net_id-$n" nft delete table inet loss 2>/dev/null
        ip link set "souk$net_id.$n" up
    done
}

# The proxy does not yet hedge, nor leave a link alone that loses much: see fleet_faults.sh.
case_loss() {
    proxies "$fleet"
    lose 30 || skip "this kernel drops no packets at random"
    load loss --min-whole .05
    judge loss $?
    mend
}

case_cut() { # a third into the run; connections stay open and silent
    local n
    proxies "$fleet"
    load cut --min-whole .05 &
    local under_load=$!
    sleep "$(awk "BEGIN { print $seconds / 3 }")"
    for n in 1 2; do ip link set "souk$net_id.$n" down; done
    wait $under_load
    judge cut $?
    mend
}

fleet="ipc://$work/a0,tcp://$net_subnet.1:7101 ipc://$work/a1,tcp://$net_subnet.2:7101"
replica a0 good.model 0/2
replica a1 good.model 1/2
far b0 1
far b1 2
for name in ${cases:-loss cut}; do
    "case_$name"
    end_case
done
stop_fleet
finish
