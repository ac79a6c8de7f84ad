#!/usr/bin/env bash
# EASE at n = 1,500 and SVD on two hosts over TCP: two network namespaces with a cable between them
# and names of their own. ScaLAPACK over TCP hung now and then at MPI_Finalize before the BLACS were
# ended rightly, so it is run some times. linear_hosts.sh [RUNS]
check=$(realpath "$(dirname "$0")/linear_check.py")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
runs=${1:-3}
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
/usr/bin/python3 -c 'import h5py, scipy' 2>/dev/null || skip "python3-scipy or python3-h5py is not installed"
command -v ip >/dev/null || skip "iproute2 is not installed"
a=souka$$ b=soukb$$
take_down() {
    ip netns del "$a" 2>/dev/null
    ip netns del "$b" 2>/dev/null
    rm -rf "$work"
}
trap take_down EXIT
if ! ip netns add $a 2>/dev/null || ! ip netns add $b 2>/dev/null ||
    ! ip link add $a type veth peer name $b 2>/dev/null; then
    skip "network namespaces are not permitted here"
fi
ip link set $a netns $a && ip link set $b netns $b
for name in $a $b; do
    address=10.77.0.1/24
    [ "$name" = "$a" ] || address=10.77.0.2/24
    for step in "link set lo up" "link set $name up" "addr add $address dev $name"; do
        # shellcheck disable=SC2086 # the words of a command
        ip -n $name $step || fail "ip -n $name $step"
    done
done

# What mpirun starts its daemon on the other host with: `agent HOST COMMAND...`
cat >agent <<AGENT
#!/bin/sh
shift
exec ip netns exec $b unshare --uts sh -c 'hostname soukhost2; exec "\$0" "\$@"' /bin/sh -c "\$*"
AGENT
chmod +x agent
# hosts COMMAND...: two ranks on each host, from the first
# shellcheck disable=SC2016 # expanded by the inner shell
hosts() {
    timeout 120 ip netns exec $a unshare --uts sh -c 'hostname soukhost1; exec "$0" "$@"' \
        mpirun --host 10.77.0.1:2,10.77.0.2:2 -n 4 --mca plm_rsh_agent "$PWD/agent" --mca btl tcp,self \
        --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
        -x SOUK_BIN -x OMP_NUM_THREADS -x ASAN_OPTIONS "$@"
}
names=$(hosts hostname 2>err.txt | sort | uniq -c | tr -s ' ' | tr '\n' ';')
[ "$names" = " 2 soukhost1; 2 soukhost2;" ] || fail "ranks run on '$names': $(tail -2 err.txt)"

/usr/bin/python3 - >shop.csv <<'PY'
import random
random.seed(8)
print("user,item,timestamp,event,price")
for user in range(2000):
    for n in range(12):
        print(f"{user},{int(1500 * random.random() ** 2) if n else user % 1500},{1600000000 + n},transaction,1")
PY
ingest 2 --format csv --out shop.ds shop.csv 2>/dev/null || fail "ingest"
for run in $(seq "$runs"); do
    hosts "$SOUK_BIN/souk-train" ease --dataset shop.ds --until none --lambda 10 --out ease.model 2>err.txt ||
        fail "ease, run $run: code $? (124: it hung): $(tail -1 err.txt)"
done
hosts "$SOUK_BIN/souk-train" svd --dataset shop.ds --until none --factors 8 --tolerance 1e-7 --out svd.model 2>err.txt ||
    fail "svd: $(tail -1 err.txt)"
/usr/bin/python3 "$check" ease --lambda 10 ease.model || fail "ease differs"
/usr/bin/python3 "$check" svd svd.model || fail "svd differs"
finish
