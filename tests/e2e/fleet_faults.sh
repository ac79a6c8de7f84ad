#!/usr/bin/env bash
# fleet_faults.sh [--seconds N] [--jobs N] [CASE...]: 2 shards x 2 replicas behind 2 proxies, a fault, and
# an open-loop load of 200 requests a second for N seconds (10) that checks every answer against an
# unsharded reference of the version and the coverage that it states. 5 cases run at the same time.
#
# In every case: no answer wrong or of mixed versions; of all requests at most .1 % end 5 ms after their
# deadline of 200 ms, none 50 ms; and where a replica of each shard is left, 99.9 % are answered whole.
# With sanitizers (SOUK_SLOWDOWN) deadlines are 2 s. Links that lose packets: fleet_links.sh.
. "$(dirname "$0")/faults_lib.sh"

# ---- replicas and proxies that fail ----

case_none() { # the peer as an honest replica: what the others are measured against
    faulty none
}

case_kill9() { # one replica of a pair, a third into the run
    whole_fleet
    load --min-whole .999 &
    local under_load=$!
    a_third
    kill_now b1
    wait $under_load
    judge $?
}

case_proxy9() { # one of two proxies, a third into the run: the client turns to the other
    whole_fleet
    load --min-whole .999 &
    local under_load=$!
    a_third
    kill_now proxy0
    wait $under_load
    judge $?
}

case_sigstop() { # one replica stands still for the whole time, connected and in no health
    whole_fleet
    kill -STOP "${pid[b1]}"
    load --min-whole .999
    judge $?
    kill -CONT "${pid[b1]}"
}

faulty() { # FAULT: the second replica of shard 1 has it, and says that it is well
    start a0 b0 a1
    "$SOUK_BIN/fault_peer" "ipc://$work/peer" "$top/good.model" 1/2 "$1" 2>peer.log &
    pid[peer]=$!
    wait_for peer.log ' ready '
    start_proxies "ipc://$work/a0,ipc://$work/b0 ipc://$work/a1,ipc://$work/peer"
    load --min-whole .999
    judge $?
    kill_now peer
}
case_garbage() { faulty garbage; }
case_never() { faulty never; }
case_late() { faulty late; } # after 10 s
case_otherid() { faulty otherid; } # answers under the transport's id of another question
case_swapped() { faulty swapped; } # answers another question under the right id of the transport

case_shard() { # all replicas of a shard are gone, after the proxies knew them: each answer says so
    whole_fleet
    kill_now a1
    kill_now b1
    load
    judge $?
    /usr/bin/python3 -c '
import json
r = json.load(open("load.json"))
assert r["whole"] == 0 and r["partial"] == r["good"], r
print(r["good"] / r["sent"])' >judge.out 2>judge.err || fail "$(tail -1 judge.err)"
    awk '{ exit $1 < .999 }' judge.out || late "only $(cat judge.out) of the requests were answered"
}

case_check() { # the check itself: each best score off by the last digit, and a reference of another model
    whole_fleet
    awk -F'\t' -v OFS='\t' 'first { $1 = sprintf("%.9g", $1 * 1.000001) } { first = $1 == "user"; print }' "$top/good.ref" >wrong.ref
    sed 's/^model\t.*/model\t0123/' "$top/good.ref" >other.ref
    refuses wrong.ref ' are wrong, 0 mix versions'
    refuses other.ref 'are of a version without a reference'
}

refuses() { # REFERENCE TEXT: a load that is checked against it
    local code
    "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0" --users "$top/users.txt" --rate $rate --duration 300ms --reference "$1" >out.txt 2>&1
    code=$?
    [ $code = 1 ] || fail "$1: exit code $code: $(cat out.txt)"
    grep -q "$2" out.txt || fail "$1: does not say '$2': $(cat out.txt)"
}

# ---- changes of the model ----

admins() { echo "ipc://$work/a0.admin,ipc://$work/b0.admin,ipc://$work/a1.admin,ipc://$work/b1.admin"; }
admin() { "$SOUK_BIN/souk" admin --at "$@"; }

# model_of REPLICA: the versions that it holds, newest first
model_of() { admin "ipc://$work/$1.admin" | cut -d' ' -f3-; }

# still_good REPLICA...: replicas that answer by the model that they began with, and by no other
still_good() {
    local name good
    good=$(sed -n 's/^model\t//p' "$top/good.ref")
    for name in "$@"; do
        [ "$(model_of "$name")" = "$good" ] || fail "$name: not on the old model alone: $(model_of "$name")"
    done
}

# refused REPLICA TEXT MODEL [OPTION...]: its change to the model fails with the text
refused() {
    if admin "ipc://$work/$1.admin" --do reload --model "$3" "${@:4}" >out.txt 2>err.txt; then
        fail "$1 took $3"
    fi
    grep -q -- "$2" err.txt || fail "$1, $3: no '$2' in: $(cat err.txt)"
}

references() { # NAME...: of the versions that may answer
    local name list=""
    for name in good "$@"; do list=$list,$top/$name.ref; done
    echo "${list#,}"
}

case_changes() { # 20 rolling changes of all replicas, each to a version that none of them holds
    local changes=20 next=0 begin versions=(new other good)
    [ "${SOUK_SLOWDOWN:-1}" = 1 ] || changes=2
    whole_fleet
    load --min-whole .999 --reference "$(references new other)" --duration 10m &
    local under_load=$!
    begin=$(date +%s)
    while [ $next -lt $changes ] || [ $(($(date +%s) - begin)) -lt "$seconds" ]; do
        admin "$(admins)" --do reload --model "$top/${versions[next % 3]}.model" >out.txt 2>err.txt || fail "change $next: $(cat err.txt)"
        [ "$(grep -c ' loaded' out.txt)" = 4 ] || fail "change $next: not all loaded it: $(cat out.txt)"
        next=$((next + 1))
    done
    kill -TERM $under_load # the load ends, and tells
    wait $under_load
    judge $?
    echo "          $next changes of 4 replicas"
}

case_rollback() { # of all replicas, and of a change that stopped at the first
    local good again
    whole_fleet
    good=$(model_of a0)
    load --min-whole .999 --reference "$(references new)" &
    local under_load=$!
    while kill -0 $under_load 2>/dev/null; do
        for again in "ipc://$work/a0.admin" "$(admins)"; do
            admin "$again" --do reload --model "$top/new.model" >out.txt 2>err.txt || fail "change: $(cat err.txt)"
            admin "$again" --do reload --model "$top/good.model" >out.txt 2>err.txt || fail "roll-back: $(cat err.txt)"
        done
    done
    wait $under_load
    judge $?
    [ "$(model_of b1 | cut -d' ' -f1)" = "$good" ] || fail "the old version is not back: $(model_of b1)"
}

case_corrupt() { # a new model that cannot be believed: all replicas refuse it, with the reason
    local name at
    for name in part manifest digest; do cp -r "$top/new.model" $name.model; done
    for name in part.model/part-*.h5 manifest.model/model.h5; do truncate -s -100 "$name"; done
    for name in digest.model/part-*.h5; do # one byte, in the middle
        at=$(($(stat -c %s "$name") / 2))
        printf '\xa5' | dd of="$name" bs=1 seek=$at conv=notrunc status=none
    done
    "$SOUK_BIN/make_model" nan.model $users 1000 32 8 4 nan || fail "make_model"
    whole_fleet
    load --min-whole .999 &
    local under_load=$!
    while kill -0 $under_load 2>/dev/null; do
        for name in a0 b0 a1 b1; do
            refused $name 'part-000[0-9].h5' part.model
            refused $name 'model.h5' manifest.model
            refused $name 'part-000[0-9].h5' digest.model
            refused $name 'is not finite' nan.model
            refused $name nowhere nowhere.model --replace
        done
        sleep .3
    done
    wait $under_load
    judge $?
    still_good a0 b0 a1 b1
}

# A replica out of memory while it loads: with --memory-limit it refuses before it reads; where the system
# gives it no more (a limit on what it may write to), at one place after another.
case_memory() {
    local limit used more
    whole_fleet
    limit=$(awk '/^VmRSS/ { print $2 + 12000 }' "/proc/${pid[b1]}/status")k
    used=$(awk '/^VmData/ { printf "%d", $2 / 1024 }' "/proc/${pid[a0]}/status")
    stop b1
    replica b1 "$top/good.model" 1/2 --admin "ipc://$work/b1.admin" --memory-limit "$limit"
    "$SOUK_BIN/make_model" large.model 20000 40000 128 8 5 || fail "make_model"
    load --min-whole .999 &
    local under_load=$!
    while kill -0 $under_load 2>/dev/null; do
        refused b1 'the model needs [0-9.]* MiB' large.model
        sleep .3
        [ "${SOUK_SLOWDOWN:-1}" = 1 ] || continue # a sanitizer ends the process where malloc fails
        for more in 0 2 4 6 7 8 9 10 11 12; do # it takes 18 MiB, 8 of them the stack of a thread
            prlimit --pid "${pid[a0]}" --data=$(((used + more) * 1048576)):
            refused a0 . large.model --timeout 5s # it may not even read the request
            prlimit --pid "${pid[a0]}" --data=unlimited:
        done
    done
    wait $under_load
    judge $?
    still_good a0 b0 a1 b1
    admin "ipc://$work/a0.admin" --do reload --model large.model >out.txt 2>err.txt || fail "it fits: $(cat err.txt)"
}

version new 2
version other 3
[ $failures = 0 ] || finish
run_cases ${cases:-kill9 sigstop garbage never late otherid swapped changes rollback corrupt memory shard proxy9 check}
finish
