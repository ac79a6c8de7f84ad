#!/usr/bin/env bash
# fleet_links.sh [--seconds N] [--jobs N] [CASE...]: as fleet_faults.sh, but one replica of each pair is a
# host of its own (a network namespace), whose link loses 30 % of all packets, or is cut.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/faults_lib.sh"
. "$here/netns_lib.sh"
missing=$(netns_missing)
[ -z "$missing" ] || skip "$missing"
command -v nft >/dev/null || skip "nft is not installed (package nftables)"
trap 'netns_down; stop_all' EXIT
netns_up 4 || { netns_down; skip "hosts cannot be made here"; }

# far NAME HOST: a replica on a host
far() {
    ip netns exec "souk$net_id-$2" "$SOUK_BIN/souk-replica" --model "$top/good.model" --shard "${1#?}/2" \
        --listen "tcp://$net_subnet.$2:7101" --insecure 2>"$1.log" &
    pid[$1]=$!
    wait_for "$1.log" ' ready '
}

# linked_fleet HOST HOST: the second replica of each shard is there
linked_fleet() {
    start a0 a1
    far b0 "$1"
    far b1 "$2"
    start_proxies "ipc://$work/a0,tcp://$net_subnet.$1:7101 ipc://$work/a1,tcp://$net_subnet.$2:7101"
}

# lose PERCENT HOST: of the packets that the host sends and gets
lose() {
    ip netns exec "souk$net_id-$2" nft -f - <<RULES
table inet loss {
    chain in { type filter hook input priority 0; numgen random mod 100 < $1 drop; }
    chain out { type filter hook output priority 0; numgen random mod 100 < $1 drop; }
}
RULES
}

case_loss() {
    linked_fleet 1 2
    lose 30 1 && lose 30 2 || fail "this kernel drops no packets at random"
    load --min-whole .999
    judge $?
}

case_cut() { # a third into the run; connections stay open and silent
    linked_fleet 3 4
    load --min-whole .999 &
    local under_load=$! n
    a_third
    for n in 3 4; do ip link set "souk$net_id.$n" down; done
    wait $under_load
    judge $?
    for n in 3 4; do ip link set "souk$net_id.$n" up; done
}

run_cases ${cases:-loss cut}
finish
