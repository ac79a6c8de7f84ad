#!/usr/bin/env bash
# serve_items.sh [full]: what is known of items, in answers. Lists that are filtered are the brute-force
# filtered lists of the unfiltered whole ranking, metadata are those of the input tables, preferences
# order what is popular, and what a model cannot tell is an error. `full`: every kind on 1, 2 and 3 shards.
check=$(realpath "$(dirname "$0")")/items_check.py
# shellcheck source=tests/e2e/serve_lib.sh
. "$(dirname "$0")/serve_lib.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1

here=("covisit 1" "als 3" "all 2" "popular 2")
[ "${SOUK_SLOWDOWN:-1}" = 1 ] || here=("covisit 1" "all 2")
[ "${1:-}" = full ] && here=({covisit,als,ease,svd,content,category,popular,all}\ {1,2,3})

# ranks N PROGRAM ARGUMENT...: Open MPI's plug-ins leak, and take locks in any order
ranks() {
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 TSAN_OPTIONS=report_bugs=0 mpirun -n "$1" "$SOUK_BIN/$2" "${@:3}"
}

"$SOUK_BIN/souk-generate" --visitors 900 --events 5000 --items 211 --catalogue 240 --property-rows 7000 \
    --categories 37 --seed 3 --out shop 2>/dev/null || { fail "souk-generate"; finish; }
/usr/bin/python3 "$check" table shop >items.csv || fail "the catalogue"
ranks 2 souk-ingest --format retailrocket --out shop.ds --items items.csv \
    --properties shop/item_properties_part1.csv,shop/item_properties_part2.csv \
    --category-tree shop/category_tree.csv shop/events.csv >ingest.log 2>&1 || { fail "souk-ingest: $(tail -3 ingest.log)"; finish; }

# train KIND OUT RANKS [OPTION...]
train() {
    local more=() ranks=$3
    [ "${SOUK_SLOWDOWN:-1}" = 1 ] || ranks=1 # which spin for each other
    case $1 in als | svd) more=(--factors 8) ;; all) more=(--trees 10 --label-windows 1 --negatives 10) ;; esac
    ranks "$ranks" souk-train "$1" --dataset shop.ds --until none "${more[@]}" "${@:4}" --out "$2" \
        >train.log 2>&1 || { fail "souk-train $1: $(tail -3 train.log)"; finish; }
}

trained=" "
for one in "${here[@]}"; do
    kind=${one% *} shards=${one#* }
    case $trained in *" $kind "*) ;; *) train "$kind" "$kind.model" 2; trained="$trained$kind " ;; esac
    fleet "$kind.model" "$shards"
    /usr/bin/python3 "$check" fleet "$SOUK_BIN/souk" "ipc://$work/proxy" shop items.csv "$kind" "lists.$kind" ||
        fail "$kind on $shards shards"
    if [ "$one" = "covisit 1" ]; then # no filter is answered by what was kept of another
        proxy cached "ipc://$work/shard0" --cache 16M
        /usr/bin/python3 "$check" fleet "$SOUK_BIN/souk" "ipc://$work/cached" shop items.csv covisit lists.covisit ||
            fail "$kind out of a cache"
    fi
    stop_fleet
done

# What models carry does not depend on the ranks, and a model may carry nothing.
train covisit again.model 3
cmp -s covisit.model/part-0003.h5 again.model/part-0003.h5 || fail "two and three ranks give other parts"
train popular bare.model 1 --item-columns none
fleet bare.model 2
ask recommend --user nobody --price-min 1 2>error.txt && fail "prices of a model without any"
grep -q 'this model has no prices' error.txt || fail "the error does not name the prices: $(cat error.txt)"
ask recommend --user nobody --available 2>error.txt && fail "availability of a model without any"
ask recommend --user nobody --metadata --json | grep -q '"price"' && fail "a bare model tells prices"
stop_fleet
ranks 1 souk-train popular --dataset shop.ds --item-columns price=nothing --out no.model 2>error.txt &&
    fail "a column of nothing"
grep -q "neither a property nor an attribute" error.txt || fail "the error does not name the column: $(cat error.txt)"
[ ! -e no.model ] || fail "a refused model is there"
finish
