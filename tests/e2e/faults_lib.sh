# shellcheck shell=bash
# What the scripts about faults share: cases at the same time, each with a fleet in a folder of its own,
# and an open-loop load that checks every answer against an unsharded reference. Sourced, after an
# optional `--seconds N` (of each case) and `--jobs N` (cases at the same time); what is left of the
# arguments is in $cases.
#
# A case is a function case_NAME; it runs in a subshell, whose exit code is its verdict.
. "$(dirname "$0")/serve_lib.sh"
seconds=10 jobs=5 rate=200 users=500
times=(--deadline 200ms --timeout 3s --max-late .001)
if [ "${SOUK_SLOWDOWN:-1}" -gt 1 ]; then # sanitizers make everything slower
    seconds=2 jobs=3 rate=50
    times=(--deadline 2s --timeout 10s)
fi
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --jobs) printf -v "${1#--}" %s "$2"; shift 2 ;;
    *) break ;;
    esac
done
cases=$*
top=$work # models and references, for all cases

# version NAME SEED: NAME.model and its reference
version() {
    "$SOUK_BIN/make_model" "$top/$1.model" $users 1000 32 8 "$2" &&
        "$SOUK_BIN/reference_lists" "$top/$1.model" 10 2 "$top/users.txt" >"$top/$1.ref" || fail "version $1"
}
seq -f 'u%g' 0 $((users - 1)) >users.txt
echo stranger >>users.txt
version good 1

# ---- of a case ----

# start NAME...: replicas a0, b0 (of shard 0), a1, b1 (of shard 1), all at once
start() {
    local name
    for name in "$@"; do
        rm -f "$name.log"
        "$SOUK_BIN/souk-replica" --model "$top/good.model" --shard "${name#?}/2" --listen "ipc://$work/$name" \
            --admin "ipc://$work/$name.admin" 2>"$name.log" &
        pid[$name]=$!
    done
    for name in "$@"; do wait_for "$name.log" ' ready '; done
}

# start_proxies SHARDS: two, for a list as --shards takes it
start_proxies() {
    proxy proxy0 "$1"
    proxy proxy1 "$1"
}

# whole_fleet: 2 shards x 2 replicas, 2 proxies
whole_fleet() {
    start a0 b0 a1 b1
    start_proxies "ipc://$work/a0,ipc://$work/b0 ipc://$work/a1,ipc://$work/b1"
}

# kill_now NAME: what dies without a word
kill_now() {
    kill -9 "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null
    unset "pid[$1]"
}

# a_third: of the time of a load
a_third() { sleep "$(awk "BEGIN { print $seconds / 3 }")"; }

# load OPTION...: the load of the case, checked; leaves load.json. In the background, SIGTERM ends it.
load() {
    local before=
    [ "$BASHPID" = "$case_pid" ] || before=exec
    $before "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0,ipc://$work/proxy1" --users "$top/users.txt" --draw uniform \
        --rate $rate --duration "${seconds}s" "${times[@]}" --in-flight 128 \
        --reference "$top/good.ref" --json "$@" >load.json 2>load.err
}

# late TEXT: a bound of time was missed, which has a second chance
late() {
    late=$((late + 1))
    fail "$@"
}

# judge CODE: the load's exit code, and that it checked what it got
judge() {
    if grep -q -e --min-whole -e --max-late load.err; then
        late "$(cat load.err)"
    elif [ "$1" != 0 ]; then
        fail "$(cat load.err)"
    fi
    /usr/bin/python3 - "$case" $rate 2>judge.err <<'PY' || fail "$(tail -1 judge.err)"
import json, sys
r = json.load(open("load.json"))
sys.stdout.write("%-9s sent %d, whole %d, partial %d, degraded %d, failed %d; wrong %d, mixed %d; late %d, very late %d; p50 %.1f ms, p99 %.1f, longest %.1f ms\n" % (
    sys.argv[1], r["sent"], r["whole"], r["partial"], r["degraded"], r["failed"], r["wrong"], r["mixed"], r["late"], r["very_late"],
    r["p50_us"] / 1e3, r["p99_us"] / 1e3, max(r["max_us"], r["refused_max_us"]) / 1e3))
assert r["good"] > 0 and r["checked"] == r["good"], "answers that nobody checked: %r" % r
assert r["sent"] > .8 * float(sys.argv[2]) * r["seconds"], "too little load: %r" % r
PY
}

# ---- all of them ----

# run_case NAME: in a subshell. Exit code 75 where all that failed is a bound of time.
run_case() {
    case=$1 case_pid=$BASHPID work=$top/$1 failures=0 late=0 pid=()
    rm -rf "$work"
    mkdir "$work" && cd "$work" || exit 1
    trap stop_all EXIT
    fail() {
        echo "FAIL: $case: $*"
        failures=$((failures + 1))
    }
    "case_$case"
    stop_fleet
    [ $failures = $late ] || exit 1
    exit $((late > 0 ? 75 : 0))
}

# ended_with CODE NAME
ended_with() {
    case $1 in
    0) ;;
    75) again+=("$2") ;;
    *) fail "case $2" ;;
    esac
}

# run_cases NAME...: $jobs at the same time. What was late while all of them shared the processors must
# be in time with these to itself; what was wrong stays wrong.
run_cases() {
    local name ended again=()
    declare -A running=()
    for name in "$@"; do
        if [ ${#running[@]} -ge "$jobs" ]; then
            wait -n -p ended "${!running[@]}"
            ended_with $? "${running[$ended]}"
            unset "running[$ended]"
        fi
        (run_case "$name") &
        running[$!]=$name
    done
    for ended in "${!running[@]}"; do
        wait "$ended"
        ended_with $? "${running[$ended]}"
    done
    for name in "${again[@]}"; do
        echo "$name again, alone"
        (run_case "$name") || fail "case $name"
    done
}
