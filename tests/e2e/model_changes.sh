#!/usr/bin/env bash
# model_changes.sh [TIMES]: 2 shards x 2 replicas change between two models under load, one replica
# after another: no request fails, and every list is that of one version. Then a corrupt model, a
# roll-back, and a limit of memory.
. "$(dirname "$0")/serve_lib.sh"
times=${1:-20}
rate=$((300 / ${SOUK_SLOWDOWN:-1})) # sanitizers make everything slower
for seed in 1 2 3; do "$SOUK_BIN/make_model" m$seed.model 2000 1000 32 8 $seed || fail "make_model $seed"; done
"$SOUK_BIN/make_model" nan.model 2000 1000 32 8 4 nan && "$SOUK_BIN/make_model" large.model 20000 40000 64 8 5 &&
    cp -r m1.model cut.model && truncate -s -100 cut.model/part-0002.h5 && truncate -s -100 cut.model/part-0003.h5 || fail "make_model"
for user in $(seq 0 1999); do echo "u$user"; done >users.txt

admins=""
for s in 0 1; do
    for r in 0 1; do
        replica "s${s}r$r" m3.model "$s/2" --admin "ipc://$work/admin$s$r"
        admins="$admins,ipc://$work/admin$s$r"
    done
done
admins=${admins#,}
admin() { "$SOUK_BIN/souk" admin --at "$@"; }
proxy proxy "ipc://$work/s0r0,ipc://$work/s0r1 ipc://$work/s1r0,ipc://$work/s1r1" --admin "ipc://$work/proxy_admin"
model_of() { admin "ipc://$work/admin00" | cut -d' ' -f3; }
declare -A seen=() version=()
for k in 1 2 3; do
    admin "$admins" --do reload --model m$k.model >out.txt || fail "reload of m$k"
    version[$k]=$(model_of)
    for user in u1 u17 u333; do "$SOUK_BIN/brute_force" m$k.model user $user 10 >"${version[$k]}.$user.tsv"; done
done

# check USER: the list is the one of the version that the answer names
check() {
    local answered
    ask recommend --user "$1" --json >answer.json 2>err.txt || { fail "recommend: $(cat err.txt)"; return; }
    answered=$(sed 's/.*"model":"\([0-9a-f]*\)".*/\1/' answer.json)
    seen[$answered]=1
    grep -q '"partial":false,"degraded":false,"coverage":1.0' answer.json || fail "not whole: $(cat answer.json)"
    items <answer.json | cmp -s - "$answered.$1.tsv" || fail "$1: not the list of $answered: $(cat answer.json)"
}
# Changes for 10 s under a load, none of whose requests they may cost.
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 16 --rate $rate --duration 10s --json >load.json 2>load.err &
pid[load]=$!
changes=0
begin=$(date +%s%3N)
while [ $changes -lt "$times" ] && kill -0 "${pid[load]}" 2>/dev/null; do
    admin "$admins" --do reload --model m$((changes % 3 + 1)).model >out.txt 2>err.txt || fail "change $changes: $(cat err.txt)"
    for user in u1 u17 u333; do check $user; done
    changes=$((changes + 1))
done
took=$(($(date +%s%3N) - begin))
wait "${pid[load]}" || fail "the load ended with an error: $(cat load.err)"
unset 'pid[load]'
[ ${#seen[@]} = 3 ] || fail "only these versions answered: ${!seen[*]}"
echo "$changes changes of 4 replicas in $took ms; load: $(cat load.json)"
/usr/bin/python3 -c '
import json
r = json.load(open("load.json"))
assert r["failed"] == 0 and r["partial"] == 0 and r["degraded"] == 0, r
assert r["good"] == r["sent"] > 200, r' 2>err.txt || fail "$(tail -1 err.txt)"

# await VERSION: until answers are of it, at most 5 s
await() {
    local i
    for i in $(seq 100); do
        ask recommend --user u1 --json | grep -q "\"model\":\"$1\"" && return
        sleep .05
    done
    fail "answers are not of $1 after $i tries"
}
# refused TEXT COMMAND...: fails with the text
refused() {
    if "${@:2}" >out.txt 2>err.txt; then fail "taken: ${*:2}"; fi
    grep -q -- "$1" err.txt || fail "no '$1' in: $(cat err.txt)"
}

# What cannot be believed is refused with its reason, and the old version answers.
admin "$admins" --do reload --model m1.model >out.txt || fail "reload of m1"
await "${version[1]}"
refused 'part-000[23].h5' admin "$admins" --do reload --model cut.model
refused 'is not finite' admin "$admins" --do reload --model nan.model
refused 'nowhere' admin "$admins" --do reload --model nowhere.model
admin "$admins" >status.txt
[ "$(grep -c "ready ${version[1]}" status.txt)" = 4 ] || fail "not all on m1: $(cat status.txt)"
check u17

# One replica has the new version, the others fail: the fleet stays together, and so after a roll-back.
admin "ipc://$work/admin00" --do reload --model m2.model >out.txt || fail "reload of one"
for k in 1 2 3 4 5; do check u333; done
grep -q "${version[1]}" answer.json || fail "one replica of four moved the fleet: $(cat answer.json)"
admin "$admins" --do reload --model m2.model >out.txt || fail "reload of m2"
await "${version[2]}"
admin "$admins" --do reload --model m1.model >out.txt || fail "roll-back"
await "${version[1]}"
for user in u1 u17 u333; do check $user; done

# A canary: the new version is in all replicas, but only a share of the users gets it, always the same.
canary() { "$SOUK_BIN/souk-proxyctl" canary "$1" --at "ipc://$work/proxy_admin"; }
refused 'not a share of the users' canary 1.5
canary .3 >out.txt || fail "canary"
admin "$admins" --do reload --model m3.model >out.txt || fail "reload of m3"
for _ in $(seq 100); do
    canary .3 | grep -q "${version[1]}, canary ${version[3]} to 0.3 of the users" && break
    sleep .05
done
for round in 1 2; do
    for user in $(seq 100 159); do
        ask recommend --user "u$user" --json | sed 's/.*"model":"\([0-9a-f]*\)".*/\1/'
    done >round$round.txt
done
cmp -s round1.txt round2.txt || fail "users change sides: $(paste round1.txt round2.txt)"
of_canary=$(grep -c "${version[3]}" round1.txt)
[ "$of_canary" -ge 6 ] && [ "$of_canary" -le 32 ] && [ $((of_canary + $(grep -c "${version[1]}" round1.txt))) = 60 ] ||
    fail "$of_canary of 60 users at a share of .3"
for user in u1 u17 u333; do check $user; done
canary off >out.txt || fail "canary off"
await "${version[3]}"
admin "$admins" --do reload --model m1.model >out.txt || fail "back to m1"
await "${version[1]}"

# A replica that drains gets no more questions, and comes back.
admin "ipc://$work/admin10" --do drain >out.txt
grep -q draining out.txt || fail "does not drain: $(cat out.txt)"
for user in u1 u17 u333; do check $user; done
admin "ipc://$work/admin10" --do undrain >out.txt
grep -q ready out.txt || fail "does not come back: $(cat out.txt)"

# SIGTERM under load: nobody notices, and the exit code is 0.
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 16 --rate $rate --duration 3s --json >load.json 2>load.err &
pid[load]=$!
sleep .5 # into the load
stop s0r0
wait "${pid[load]}" || fail "the load ended with an error: $(cat load.err)"
unset 'pid[load]'
grep -q '"partial":0,"degraded":0,"failed":0' load.json || fail "a replica that stopped cost requests: $(cat load.json)"

# Sanitizers take memory of their own.
if [ "${SOUK_SLOWDOWN:-1}" -gt 1 ]; then
    stop_fleet
    finish
fi
# A model that does not fit is refused before it is read, with the figure.
replica tight m1.model 0/1 --admin "ipc://$work/tight_admin" --memory-limit 24M
refused 'the model needs [0-9.]* MiB' admin "ipc://$work/tight_admin" --do reload --model large.model
admin "ipc://$work/tight_admin" | grep -q "ready ${version[1]}" || fail "the tight replica lost its model"
if "$SOUK_BIN/souk-replica" --model large.model --memory-limit 24M --listen "ipc://$work/none" 2>err.txt; then fail "starts beyond its limit"; fi
grep -q 'the model needs' err.txt || fail "no figure: $(cat err.txt)"

# Where one fits at a time, --replace changes all the same; a bad model leaves the old one.
resident=$(awk '/VmRSS/ { print $2 }' "/proc/${pid[tight]}/status")
stop tight
"$SOUK_BIN/make_model" large2.model 20000 40000 64 8 6 || fail "make_model large2"
rm -rf bad.model && cp -r large2.model bad.model && truncate -s -100 bad.model/part-0003.h5
replica tight large.model 0/1 --admin "ipc://$work/tight_admin" --memory-limit "$((resident + 34000))k"
large=$(admin "ipc://$work/tight_admin" | cut -d' ' -f3)
refused 'it fits once the old one is gone' admin "ipc://$work/tight_admin" --do reload --model large2.model
refused 'part-0003.h5' admin "ipc://$work/tight_admin" --do reload --model bad.model --replace
admin "ipc://$work/tight_admin" | grep -q "ready $large" || fail "a bad model took the old one's place"
admin "ipc://$work/tight_admin" --do reload --model large2.model --replace >out.txt || fail "replace"
grep -q loaded out.txt || fail "nothing was loaded: $(cat out.txt)"
stop_fleet
finish
