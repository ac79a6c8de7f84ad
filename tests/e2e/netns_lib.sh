# shellcheck shell=bash
# Hosts on one machine: network namespaces with their own addresses and host names, joined by a bridge,
# each behind a link whose rate tc limits. Sourced. Needs root, and iproute2's ip and tc.
#
#     mpirun (bridge, 10.213.N.254) --- veth --- host1 (10.213.N.1), host2, ...

net_id=$(($$ % 250))
net_bridge=souk-br$net_id
net_subnet=10.213.$net_id
net_count=0

# Why hosts cannot be made here; nothing where they can.
netns_missing() {
    [ "$(id -u)" = 0 ] || { echo "needs root"; return; }
    command -v ip >/dev/null && command -v tc >/dev/null || { echo "needs iproute2"; return; }
    ip netns add "souk-probe$net_id" 2>/dev/null || { echo "network namespaces are not permitted"; return; }
    ip netns delete "souk-probe$net_id"
    ip link add "$net_bridge" type bridge 2>/dev/null || { echo "bridges are not permitted"; return; }
    tc qdisc add dev "$net_bridge" root tbf rate 1gbit burst 256k latency 50ms 2>/dev/null ||
        echo "this kernel has no tc tbf"
    ip link delete "$net_bridge"
}

netns_down() {
    local n
    for n in $(seq "$net_count"); do ip netns delete "souk$net_id-$n" 2>/dev/null; done
    ip link delete "$net_bridge" 2>/dev/null
    net_count=0
    return 0
}

# netns_up COUNT
netns_up() {
    local n name peer
    net_count=$1
    ip link add "$net_bridge" type bridge && ip address add "$net_subnet.254/24" dev "$net_bridge" &&
        ip link set "$net_bridge" up || return
    for n in $(seq "$net_count"); do
        name=souk$net_id-$n
        peer=souk$net_id.$n
        ip netns add "$name" && ip link add "$peer" type veth peer name eth0 netns "$name" &&
            ip link set "$peer" master "$net_bridge" up &&
            ip -n "$name" address add "$net_subnet.$n/24" dev eth0 &&
            ip -n "$name" link set eth0 up && ip -n "$name" link set lo up || return
    done
    # What mpirun calls instead of ssh: AGENT ADDRESS COMMAND...
    cat >netns_agent.sh <<AGENT
#!/bin/sh
address=\$1
shift
n=\${address##*.}
exec ip netns exec "souk$net_id-\$n" unshare --uts sh -c "hostname souk-host\$n; \$*"
AGENT
    chmod +x netns_agent.sh
}

# netns_rate RATE: of every link, both ways; "none" takes the limit away.
netns_rate() {
    local n
    for n in $(seq "$net_count"); do
        tc qdisc delete dev "souk$net_id.$n" root 2>/dev/null || :
        tc -n "souk$net_id-$n" qdisc delete dev eth0 root 2>/dev/null || :
        [ "$1" = none ] && continue
        tc qdisc add dev "souk$net_id.$n" root tbf rate "$1" burst 256k latency 100ms &&
            tc -n "souk$net_id-$n" qdisc add dev eth0 root tbf rate "$1" burst 256k latency 100ms ||
            return
    done
}

# netns_mpirun RANKS_PER_HOST COMMAND...
netns_mpirun() {
    local slots=$1 n hosts=""
    shift
    for n in $(seq "$net_count"); do hosts=$hosts,$net_subnet.$n:$slots; done
    mpirun --host "${hosts#,}" --bind-to none --mca plm_rsh_agent "$PWD/netns_agent.sh" \
        --mca plm_rsh_no_tree_spawn 1 --mca oob_tcp_if_include "$net_subnet.0/24" \
        --mca btl_tcp_if_include "$net_subnet.0/24" --mca btl self,vader,tcp "$@"
}
