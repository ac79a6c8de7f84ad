# shellcheck shell=bash
# What the scripts about faults share: a model, an unsharded reference of it, and an open-loop load that
# checks every answer. Sourced, after an optional `--seconds N` and `--strict` in the arguments; what is
# left of them is in $cases.
. "$(dirname "$0")/serve_lib.sh"
seconds=2 rate=200 users=500
times=(--deadline 1s --timeout 3s)
if [ "${SOUK_SLOWDOWN:-1}" -gt 1 ]; then # sanitizers make everything slower
    rate=50
    times=(--deadline 2s --timeout 10s)
fi
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --strict) times=(--deadline 200ms --timeout 3s --max-late .001); shift ;;
    *) break ;;
    esac
done
cases=$*

"$SOUK_BIN/make_model" good.model $users 1000 32 8 1 || fail "make_model"
for user in $(seq 0 $((users - 1))); do echo "u$user"; done >users.txt
echo stranger >>users.txt
"$SOUK_BIN/reference_lists" good.model 10 2 users.txt >good.ref || fail "reference_lists"

# load NAME OPTION...: leaves NAME.json
load() {
    local name=$1
    shift
    "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0,ipc://$work/proxy1" --users users.txt --draw uniform \
        --rate $rate --duration "${seconds}s" "${times[@]}" --in-flight 128 \
        --reference good.ref --json "$@" >"$name.json" 2>"$name.err"
}

peer() { # FAULT: a second replica of shard 1, named `peer`
    "$SOUK_BIN/fault_peer" "ipc://$work/peer" good.model 1/2 "$1" 2>peer.log &
    pid[peer]=$!
    wait_for peer.log ' ready '
}

proxies() { # SHARDS: a list for --shards
    proxy proxy0 "$1"
    proxy proxy1 "$1"
}

end_case() {
    local name
    for name in proxy0 proxy1; do
        if [ -n "${pid[$name]:-}" ]; then stop $name; fi
    done
    [ -n "${pid[peer]:-}" ] || return
    kill -9 "${pid[peer]}"
    wait "${pid[peer]}" 2>/dev/null
    unset 'pid[peer]'
}

# judge NAME CODE: the load's exit code, and that it checked what it got
judge() {
    printf '%-8s %s\n' "$1" "$(cut -c1-2000 "$1.json")"
    [ "$2" = 0 ] || fail "$1: $(cat "$1.err")"
    /usr/bin/python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
assert r["good"] > 0 and r["checked"] == r["good"], "answers that nobody checked: %r" % r
assert r["sent"] > .8 * float(sys.argv[2]), "too little load: %r" % r' "$1.json" $((rate * seconds)) 2>judge.err ||
        fail "$1: $(tail -1 judge.err)"
}
