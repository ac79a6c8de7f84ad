#!/usr/bin/env bash
# model_changes.sh [TIMES]: 2 shards x 2 replicas change between two models under load, one replica
# after another: no request fails, and every list is that of one version. Then a corrupt model, a
# roll-back, and a limit of memory.
. "$(dirname "$0")/serve_lib.sh"
times=${1:-20}
"$SOUK_BIN/make_model" a.model 2000 1000 32 8 1 && "$SOUK_BIN/make_model" b.model 2000 1000 32 8 2 &&
    "$SOUK_BIN/make_model" large.model 20000 40000 64 8 3 && "$SOUK_BIN/make_model" nan.model 2000 1000 32 8 4 nan &&
    cp -r b.model cut.model && truncate -s -100 cut.model/part-0003.h5 || fail "make_model"
for user in $(seq 0 1999); do echo "u$user"; done >users.txt

admins=""
for s in 0 1; do
    for r in 0 1; do
        replica "s${s}r$r" a.model "$s/2" --admin "ipc://$work/admin$s$r"
        admins="$admins,ipc://$work/admin$s$r"
    done
done
admins=${admins#,}
admin() { "$SOUK_BIN/souk" admin --at "$@"; }
proxy proxy "ipc://$work/s0r0,ipc://$work/s0r1 ipc://$work/s1r0,ipc://$work/s1r1"
model_of() { admin "ipc://$work/admin00" | cut -d' ' -f3; }
version_a=$(model_of)
admin "$admins" --do reload --model b.model >/dev/null || fail "reload of b"
version_b=$(model_of)
[ "$version_a" != "$version_b" ] || fail "both versions are $version_a"
for user in u1 u17 u333; do
    "$SOUK_BIN/brute_force" a.model user $user 10 >"$version_a.$user.tsv"
    "$SOUK_BIN/brute_force" b.model user $user 10 >"$version_b.$user.tsv"
done

# check USER: the list is the one of the version that the answer names
check() {
    local version
    ask recommend --user "$1" --json >answer.json 2>err.txt || { fail "recommend: $(cat err.txt)"; return; }
    version=$(sed 's/.*"model":"\([0-9a-f]*\)".*/\1/' answer.json)
    seen[$version]=1
    grep -q '"partial":false,"degraded":false,"coverage":1.0' answer.json || fail "not whole: $(cat answer.json)"
    items <answer.json | cmp -s - "$version.$1.tsv" || fail "$1: not the list of $version: $(cat answer.json)"
}
declare -A seen=()

# Changes for 10 s, under 300 requests a second that none of them may cost.
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 16 --rate 300 --duration 10s --json >load.json 2>load.err &
pid[load]=$!
changes=0
begin=$(date +%s%3N)
while [ $changes -lt "$times" ] && kill -0 "${pid[load]}" 2>/dev/null; do
    model=a.model
    [ $((changes % 2)) = 1 ] || model=b.model
    admin "$admins" --do reload --model $model >out.txt 2>err.txt || fail "change $changes: $(cat err.txt)"
    for user in u1 u17 u333; do check $user; done
    changes=$((changes + 1))
done
took=$(($(date +%s%3N) - begin))
wait "${pid[load]}" || fail "the load ended with an error: $(cat load.err)"
unset 'pid[load]'
[ ${#seen[@]} = 2 ] || fail "only one version answered: ${!seen[*]}"
echo "$changes changes of 4 replicas in $took ms; load: $(cat load.json)"
/usr/bin/python3 -c '
import json
r = json.load(open("load.json"))
assert r["failed"] == 0 and r["partial"] == 0 and r["degraded"] == 0, r
assert r["good"] == r["sent"] > 1000, r' 2>err.txt || fail "$(tail -1 err.txt)"
finish
