#!/usr/bin/env bash
# serve_members.sh [ROUNDS]: replicas are added, drained and removed, and the fleet's file is read again
# three times a round, in 3 rounds by default, under an open-loop load that checks every answer. No request
# may fail, and every answer is whole and right. What is refused changes nothing.
#
# Deadlines are long: others may be at work on this machine, and it is not about time here.
rounds=${1:-3}
set -- --seconds 3
. "$(dirname "$0")/faults_lib.sh"
rate=$((rate / 2)) times=(--deadline 10s --timeout 15s)
ctl() { "$SOUK_BIN/souk-proxyctl" "$1" --at "ipc://$work/admin0,ipc://$work/admin1" "${@:2}"; }
for name in a0 b0 c0; do replica $name good.model 0/2; done
for name in a1 b1 c1; do replica $name good.model 1/2; done
replica alien good.model 1/3

# fleet_file FILE NAME...: NAME is a replica's, its last letter the shard; NAME! is drained
fleet_file() {
    local file=$1 name drained
    for name in "${@:2}"; do
        drained=""
        [ "${name%!}" = "$name" ] || drained=" drained"
        name=${name%!}
        echo "${name: -1} ipc://$work/$name$drained"
    done >"$file.new"
    mv "$file.new" "$file"
}
{
    echo "# the fleet"
    echo
    fleet_file members a0 b0 a1 b1
    sed '2s/$/   # the second/' members
} >fleet
for k in 0 1; do
    "$SOUK_BIN/souk-proxy" --fleet fleet --admin "ipc://$work/admin$k" --listen "ipc://$work/proxy$k" 2>proxy$k.log &
    pid[proxy$k]=$!
    wait_for proxy$k.log ' ready '
done

# members: addresses and whether they are drained, as both proxies have them
members() { ctl list --json | /usr/bin/python3 -c '
import json, os, sys
lists = [[os.path.basename(r["address"]) + "!" * r["drained"] for r in f["replicas"] if r["state"] != "leaving"] for f in json.load(sys.stdin)]
assert lists[0] == lists[1], lists
print(*lists[0])'; }
expect() { # NAME...
    local found
    found=$(members)
    [ "$found" = "$*" ] || fail "the fleet is '$found', not '$*'"
}
# read_again TEXT: by SIGHUP, until both proxies have logged it
read_again() {
    local k n=()
    for k in 0 1; do
        n[k]=$(grep -c ' fleet_\(read\|kept\) ' proxy$k.log)
        kill -HUP "${pid[proxy$k]}"
    done
    for k in 0 1; do
        for _ in $(seq 2000); do
            [ "$(grep -c ' fleet_\(read\|kept\) ' proxy$k.log)" -gt "${n[k]}" ] && break
            sleep .01
        done
        grep ' fleet_\(read\|kept\) ' proxy$k.log | tail -1 | grep -q -- "$1" || fail "SIGHUP: no '$1' in: $(tail -3 proxy$k.log)"
    done
}

# ---- under load ----
checked_load() { # NAME REFERENCES: leaves NAME.json; its exit code says whether every answer was whole and right
    "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0,ipc://$work/proxy1" --users users.txt --draw uniform --rate $rate \
        --duration "${seconds}s" "${times[@]}" --in-flight 128 --reference "$2" --min-whole 1 --json >"$1.json" 2>"$1.err"
}
# keep_loading: one load after another, until there is a file `enough`
keep_loading() {
    local run=0
    while [ ! -e enough ]; do
        checked_load members$run good.ref
        echo $? >members$run.code
        run=$((run + 1))
    done
}
keep_loading &
pid[load]=$!
expect a0 b0 a1 b1
for _ in $(seq "$rounds"); do
    ctl add 0 "ipc://$work/c0" >out.txt && ctl add 1 "ipc://$work/c1" >out.txt || fail "add"
    ctl drain "ipc://$work/a0" >out.txt && ctl remove "ipc://$work/b1" >out.txt || fail "drain, remove"
    grep -q 'still under way' out.txt && fail "a replica does not come to rest: $(cat out.txt)"
    expect 'a0!' b0 c0 a1 c1
    fleet_file fleet a0 c0 'a1!' b1 c1
    read_again 'added=1 removed=1 drained=1 undrained=1 silent=0'
    fleet_file fleet a0 b0 a1 b1
    read_again 'added=1 removed=2 drained=0 undrained=1 silent=0'
    expect a0 b0 a1 b1
    read_again 'added=0 removed=0 drained=0 undrained=0'
done

# ---- what is refused ----
# refused CODE TEXT COMMAND...
refused() {
    local code
    "${@:3}" >out.txt 2>err.txt
    code=$?
    [ $code = "$1" ] && grep -q -- "$2" err.txt || fail "exit code $code, not $1, or no '$2': ${*:3}: $(cat err.txt)"
}
refused 3 'is in the fleet already' ctl add 0 "ipc://$work/b0"
refused 3 'is in the fleet already' ctl add 1 "ipc://$work/b0"
refused 3 'holds shard 1 where shard 0 is wanted' ctl add 0 "ipc://$work/c1"
refused 3 'is one of 3 shards' ctl add 1 "ipc://$work/alien"
refused 3 'there is no shard 2' ctl add 2 "ipc://$work/c0"
refused 3 'does not answer' "$SOUK_BIN/souk-proxyctl" add 0 "ipc://$work/nobody" --at "ipc://$work/admin0"
refused 3 'is not an address' ctl add 0 nonsense
refused 3 'lacks HOST:PORT' ctl add 0 tcp://10.0.0.1
refused 2 'not the number of a shard' ctl add first "ipc://$work/c0"
refused 3 'is not in the fleet' ctl drain "ipc://$work/nobody"
refused 3 'is not in the fleet' ctl remove "ipc://$work/c0"
refused 1 'cannot connect' "$SOUK_BIN/souk-proxyctl" list --at "ipc://$work/nowhere"
expect a0 b0 a1 b1
# refused_file TEXT NAME...: the fleet stays as it was
refused_file() {
    if [ $# -gt 1 ]; then fleet_file fleet "${@:2}"; fi
    read_again "fleet_kept .*$1"
    expect a0 b0 a1 b1
}
refused_file 'there are 1 shards, not 2' a0 b0
refused_file 'fleet:3: ipc.*b0 stands in line 2 already' a0 b0 b0 a1
refused_file 'shard 1 would be left' a0 b0 none1
refused_file 'shard 1 would be left' a0 b0 'a1!' 'b1!'
fleet_file fleet a0 b0 a1 b1
sed -i '2s/.*/zero ipc:\/\/b/' fleet && refused_file "fleet:2: 'zero' is not a shard"
sed -i '2s/.*/0/' fleet && refused_file 'fleet:2: the address is missing'
sed -i '2s/.*/0 tcp:\/\/nowhere/' fleet && refused_file 'fleet:2: .*lacks HOST:PORT'
sed -i "2s/.*/0 ipc:\/\/b gone/" fleet && refused_file "fleet:2: 'gone' behind the address"
sed "2s/.*/1 ipc:\/\/${work//\//\\/}\/alien/" fleet >other && mv other fleet && refused_file 'is one of 3 shards'
rm fleet && refused_file 'cannot read the fleet'
refused 3 'cannot read the fleet' "$SOUK_BIN/souk-proxy" --fleet fleet --listen "ipc://$work/y"
echo '0 a b c' >fleet
refused 3 'fleet:1: ' "$SOUK_BIN/souk-proxy" --fleet fleet --listen "ipc://$work/y"
refused 2 'either --shards or --fleet' "$SOUK_BIN/souk-proxy" --listen "ipc://$work/y"

touch enough
wait "${pid[load]}"
unset 'pid[load]'
for code in members*.code; do
    [ "$(cat "$code")" = 0 ] || fail "the load: $(cat "${code%.code}.err")"
    grep -q '"partial":0,"degraded":0,"failed":0' "${code%.code}.json" || fail "a change was noticed"
done

# The last one that answers, and by force; what is drained or gone is not asked.
ctl drain "ipc://$work/a0" >out.txt || fail "drain"
refused 3 'the last replica of shard 0 that answers' ctl drain "ipc://$work/b0"
refused 3 'the last replica of shard 0 that answers' ctl remove "ipc://$work/b0"
expect 'a0!' b0 a1 b1
ctl drain "ipc://$work/b0" --force >out.txt || fail "drain --force"
"$SOUK_BIN/souk" recommend --proxy "ipc://$work/proxy0" --user u1 --json | grep -q '"partial":true' || fail "answers without a shard are whole"
ctl undrain "ipc://$work/b0" >out.txt && ctl remove "ipc://$work/a0" >out.txt || fail "undrain, remove"
refused 3 'the only replica of shard 0' ctl remove "ipc://$work/b0" --force

# A proxy of a list that souk-proxyctl printed has the same fleet.
"$SOUK_BIN/souk-proxyctl" list --at "ipc://$work/admin0" >saved || fail "list"
"$SOUK_BIN/souk-proxy" --fleet saved --admin "ipc://$work/admin2" --listen "ipc://$work/proxy2" 2>proxy2.log &
pid[proxy2]=$!
wait_for proxy2.log ' ready '
"$SOUK_BIN/souk-proxyctl" list --at "ipc://$work/admin2" | tail -n +2 | cmp -s - <(tail -n +2 saved) || fail "another fleet: $(cat saved)"

# A replica that comes back as another one is left out while its shard has a good one.
stop b1
replica b1 good.model 1/3
for _ in $(seq 100); do
    ctl list --json | grep -q '"state": "misfit"' && break
    sleep .05
done
ctl list | grep -q 'b1 .*misfit: is one of 3 shards' || fail "no misfit: $(ctl list)"
"$SOUK_BIN/souk" recommend --proxy "ipc://$work/proxy0" --user u1 --json | grep -q '"partial":false' || fail "a misfit takes its shard along"

# Another model by other replicas, under load: added beside the old ones, which then are removed.
stop alien
stop b1
replica b1 good.model 1/2
"$SOUK_BIN/make_model" new.model $users 1000 32 8 2 && "$SOUK_BIN/reference_lists" new.model 10 2 users.txt >new.ref || fail "make_model"
for s in 0 1; do for k in 0 1; do replica n$k$s new.model $s/2; done; done
checked_load swap good.ref,new.ref &
pid[load]=$!
for name in n00 n10 n01 n11; do
    ctl add "${name: -1}" "ipc://$work/$name" >out.txt || fail "add $name"
    [ $name != n00 ] || grep -q 'does not hold model' out.txt || fail "no word of another model: $(cat out.txt)"
done
for name in b0 a1 b1; do ctl remove "ipc://$work/$name" >out.txt || fail "remove $name"; done
expect n00 n10 n01 n11
ctl list | grep -q "ready, model $(sed -n 's/^model\t//p' new.ref)" || fail "another model: $(ctl list)"
wait "${pid[load]}" || fail "swap: $(cat swap.err)"
unset 'pid[load]'

# One frame of top: at most 80 columns, and what the load did.
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0" --users users.txt --rate 50 --duration 2s >out.txt 2>&1 &
under_load=$!
ctl top --once --interval 1s >frame.txt || fail "top"
wait $under_load
awk 'length > 80 { exit 1 }' frame.txt || fail "a line of more than 80 columns: $(cat frame.txt)"
awk -v p="admin0" '$1 ~ p && $2 > 10 && $2 < 200 { found = 1 } END { exit !found }' frame.txt || fail "no rate: $(cat frame.txt)"
grep -q 'n11 *ready' frame.txt || fail "no replica: $(cat frame.txt)"

# In a terminal: frames fit into the window, also into another one, and Ctrl-C gives the screen back.
cat >terminal.py <<'PY'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
master, slave = pty.openpty()
def resize(rows, columns):
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def read_until(done, seconds=20):
    seen = b""
    end = time.time() + seconds
    while not done(seen):
        assert time.time() < end, "after %d s: %r" % (seconds, seen[-2000:])
        if select.select([master], [], [], .1)[0]:
            seen += os.read(master, 65536)
    return seen
def frames(seen): # whole ones: each begins at home and ends with what clears the rest
    return re.findall(rb"\x1b\[H(.*?)\x1b\[J", seen, re.S)
resize(24, 80)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.dup2(slave, 1)
    os.execv(sys.argv[1], sys.argv[1:])
seen = read_until(lambda s: len(frames(s)) >= 3)
assert seen.startswith(b"\x1b[?1049h\x1b[?25l"), seen[:40]
def check(frame, rows, columns):
    lines = frame.replace(b"\x1b[K", b"").split(b"\r\n")
    assert len(lines) <= rows and max(map(len, lines)) <= columns, (rows, columns, lines)
    return lines
assert check(frames(seen)[-1], 24, 80)[2].startswith(b"proxy ")
resize(5, 40)
os.kill(pid, signal.SIGWINCH)
seen = read_until(lambda s: any(b"more lines" in f for f in frames(s)))
check([f for f in frames(seen) if b"more lines" in f][-1], 5, 40)
os.write(master, b"\x03")
seen = read_until(lambda s: s.endswith(b"\x1b[?25h\x1b[?1049l"))
_, status = os.waitpid(pid, 0)
assert status == 0, status
PY
/usr/bin/python3 terminal.py "$SOUK_BIN/souk-proxyctl" top --at "ipc://$work/admin0" --interval 200ms 2>err.txt || fail "top in a terminal: $(tail -1 err.txt)"
"$SOUK_BIN/souk-proxyctl" top --once --interval 100ms --at "ipc://$work/nowhere" >frame.txt 2>err.txt
[ $? = 1 ] && grep -q 'cannot connect' frame.txt || fail "top of nobody: $(cat frame.txt err.txt)"
stop_fleet
finish
