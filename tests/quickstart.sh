#!/usr/bin/env bash
# quickstart.sh: from a fresh machine to recommendations. Sets up, builds, makes a shop up, ingests
# it, trains on it, evaluates, serves it from two shards, asks, tells events over HTTP, and stops all
# that it started.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
bin=$top/build/release/bin
work=$top/build/quickstart
sockets=$(mktemp -d /tmp/souk.XXXXXX) # the name of a socket must be short
cores=$(env -u OMP_NUM_THREADS nproc)
moment=2015-08-21 # the shop's events begin on 2015-05-03: the end of training, about
services=()

stop_services() {
    [ ${#services[@]} -eq 0 ] || kill "${services[@]}" 2>/dev/null || true
    wait
    rm -rf "$sockets"
}
trap stop_services EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

# Show a command as a reader would type it.
show() {
    local word line='$'
    for word in "$@"; do
        case $word in
        *' '*) line+=" \"$word\"" ;;
        *) line+=" $word" ;;
        esac
    done
    echo "$line" >&2
}

run() {
    show "$@"
    "$bin/$1" "${@:2}"
}

run_on_2_ranks() {
    show mpirun -n 2 "$@"
    mpirun -n 2 "$bin/$1" "${@:2}"
}

# Two ranks of one thread each, also where there are fewer cores. Containers often forbid one process
# to read another's memory. As root, mpirun wants to be told twice.
set_up_mpi() {
    export OMP_NUM_THREADS=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
    if [ "$cores" -le 2 ]; then
        export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
    fi
    if [ "$(id -u)" -eq 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}

# serve NAME PROGRAM ARGUMENT...: in the background, with its log in NAME.log, for 10 minutes at most
# even if this script is killed.
serve() {
    show "${@:2}" '&'
    timeout --kill-after=10 600 "$bin/$2" "${@:3}" 2>"$1.log" &
    services+=($!)
}

wait_until_ready() {
    local deadline=$((SECONDS + 30))
    until "$bin/souk" health --proxy "$1" 2>/dev/null | grep -q '"state":"ready"'; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "quickstart: the fleet is not ready; its logs:" >&2
            cat ./*.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

# A visitor with as long a history as is usual: the most events up to 40.
pick_visitor() {
    awk -F, 'NR > 1 { events[$2]++ }
             END { for (v in events)
                       if (events[v] <= 40 && (events[v] > most || (events[v] == most && v < best))) {
                           most = events[v]; best = v }
                   print best }' shop/events.csv
}

# The latest category of each item, as `item,category`.
list_categories() {
    awk -F, '$3 == "categoryid" { category[$2] = $4 }
             END { for (item in category) print item "," category[item] }' \
        shop/item_properties_part1.csv shop/item_properties_part2.csv
}

print_history() {
    echo "Events of visitor $1, by category of the item:"
    awk -F, -v visitor="$1" '
        NR == FNR { category[$1] = $2; next }
        $2 == visitor { events[category[$4]]++ }
        END { for (c in events) print events[c], "in category", c }' \
        categories.csv shop/events.csv | sort -k1,1nr -k4,4n | head -n 5 | sed 's/^/  /'
}

# The client's table with one more column.
print_recommendations() {
    run souk recommend --proxy "ipc://$sockets/proxy" --user "$1" --moment "$moment" -n 10 | awk '
        FILENAME != "-" { split($0, pair, ","); category[pair[1]] = pair[2]; next }
        $1 == "#" { print $0 "  category"; next }
        $1 ~ /^[0-9]+$/ { printf "%s  %8s\n", $0, category[$2]; next }
        { print }' categories.csv -
}

first_item() {
    "$bin/souk" recommend --proxy "ipc://$sockets/proxy" --user "$1" --moment "$moment" -n 1 |
        awk '$1 == 1 { print $2 }'
}

# http PATH [CURL OPTION...]: ask the proxy over HTTP, as the token's bearer. The token is in a file,
# not among the arguments, which every user of the machine can see.
http() {
    echo "\$ curl -H @bearer http://$address$1 ${*:2}" >&2
    curl -sS --fail-with-body -H @bearer "http://$address$1" "${@:2}"
}

# tell ITEM TYPE: what the new visitor does
tell() {
    http /events --json "{\"user_id\": \"somebody-new\", \"item_id\": \"$1\", \"event_type\": \"$2\"}"
    echo
}

# The new visitor's ten recommendations, `item category`, kept in a file.
print_list() {
    http /recommendations --json "{\"user_id\": \"somebody-new\", \"n_items\": 10}" |
        grep -o '"item_id":"[^"]*"' | cut -d '"' -f 4 >"$1"
    awk -F, 'NR == FNR { category[$1] = $2; next } { printf "  item %s in category %s\n", $1, category[$1] }' categories.csv "$1"
}

# Three items of the category that has the most.
pick_items() {
    awk -F, '{ n = ++items[$2]; if (n <= 3) first[$2] = first[$2] " " $1; if (n > most) { most = n; best = $2 } }
             END { print first[best] }' categories.csv
}

say "Set up and build"
bash "$top/tests/setup.sh"
(cd "$top" && cmake --preset release && cmake --build --preset release --parallel "$cores")
set_up_mpi
rm -rf "$work"
mkdir -p "$work"
cd "$work"
SECONDS=0

say "A shop of 50,000 visitors, 5,000 items and 500,000 events"
run souk-generate --visitors 50000 --items 5000 --events 500000 --seed 1 --out shop

say "Ingest: the last fifth of the events is kept for the test"
run_on_2_ranks souk-ingest --format retailrocket --split 0.8 --profile \
    --target-events view,addtocart,transaction --out shop.ds shop

say "Train: factors by alternating least squares, and popularity to compare with"
run_on_2_ranks souk-train als --dataset shop.ds --factors 64 --epochs 15 --seed 1 --out shop.model
run_on_2_ranks souk-train popular --dataset shop.ds --out popular.model

say "Train two stages: candidates of several sources, put in order by boosted trees"
run_on_2_ranks souk-train all --dataset shop.ds --label-windows 2 --out two-stage.model

say "Evaluate: which items that are new to them do visitors turn to after the split?"
for model in shop popular two-stage; do
    run_on_2_ranks souk-evaluate --dataset shop.ds --model $model.model --discovery --k 10 \
        --json $model.json | sed -n '/^users and items in training/,/^$/p'
done

say "Serve: two shards and a proxy"
serve replica0 souk-replica --model two-stage.model --shard 0/2 --listen "ipc://$sockets/shard0"
serve replica1 souk-replica --model two-stage.model --shard 1/2 --listen "ipc://$sockets/shard1"
SOUK_TOKEN=$(umask 077 && run souk-token add quickstart --scopes read,write --tokens tokens)
export SOUK_TOKEN # for souk; curl gets it from a file
(umask 077 && echo "Authorization: Bearer $SOUK_TOKEN" >bearer)
serve proxy souk-proxy --shards "ipc://$sockets/shard0 ipc://$sockets/shard1" \
    --listen "ipc://$sockets/proxy" --http 127.0.0.1:0 --tokens tokens --events sqlite:events.db
wait_until_ready "ipc://$sockets/proxy"

say "Ask: for a visitor whom the model knows, and for one whom it does not"
list_categories >categories.csv
visitor=$(pick_visitor)
print_history "$visitor"
echo
print_recommendations "$visitor"
echo
print_recommendations somebody-new

say "Why: what the trees saw in the first of them"
run souk explain --proxy "ipc://$sockets/proxy" --user "$visitor" --moment "$moment" --top 6 \
    --items "$(first_item "$visitor")"

say "Over HTTP, with the token: what somebody new does counts in the next answer"
address=$(sed -n 's/.* http .*listen=\([^ ]*\).*/\1/p' proxy.log)
print_list before.txt
items=$(pick_items)
for item in $items; do tell "$item" view; done
print_list after.txt
bought=$(head -n 1 after.txt)
tell "$bought" transaction
print_list bought.txt
http "/user/somebody-new/stats"
echo
if cmp -s before.txt after.txt || grep -qx "$bought" bought.txt; then
    echo "quickstart: the events changed nothing" >&2
    exit 1
fi

say "Done in $SECONDS s after the build"
cat <<GO_ON
The data, the model and the metrics are in build/quickstart. To serve the model again:

    cd $work && PATH=$bin:\$PATH
    souk-replica --model two-stage.model --shard 0/2 --listen tcp://127.0.0.1:7101 &
    souk-replica --model two-stage.model --shard 1/2 --listen tcp://127.0.0.1:7102 &
    souk-proxy --shards "tcp://127.0.0.1:7101 tcp://127.0.0.1:7102" --http 127.0.0.1:8080 --events sqlite:events.db &
    souk recommend --user $visitor --moment $moment
    souk similar --item 7
    curl http://127.0.0.1:8080/recommend/$visitor # and http://127.0.0.1:8080/docs in a browser

Every program has --help. README.md says how to bring a shop of your own.
GO_ON
