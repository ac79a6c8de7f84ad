#!/usr/bin/env bash
# generate.sh [full]: the made-up shop has exactly the counts that it was asked for, the same bytes for
# the same seed, and goes through ingest and training. `full` takes the preset of RetailRocket's size
# and measures the memory of both stages.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

# check FOLDER EVENTS VISITORS ITEMS PROPERTY_ROWS CATALOGUE CATEGORIES
check() {
    awk -F, -v want="$2 $3 $4" '
        NR == 1 { if ($0 != "timestamp,visitorid,event,itemid,transactionid") bad = "header " $0; next }
        { events++; if (!($2 in visitor)) { visitor[$2]; visitors++ } if (!($4 in item)) { item[$4]; items++ } }
        $1 < last { bad = "line " NR " is out of order" } { last = $1 }
        $3 == "transaction" && $5 == "" { bad = "line " NR " has no transaction" }
        END { got = events " " visitors " " items; if (got != want) bad = got " instead of " want; if (bad) { print bad; exit 1 } }
    ' "$1/events.csv" || fail "events of $1"
    awk -F, -v want="$5 $6" '
        FNR == 1 { if ($0 != "timestamp,itemid,property,value") bad = "header " $0; next }
        { rows++; if (!($2 in item)) { item[$2]; items++ } }
        END { got = rows " " items; if (got != want) bad = got " instead of " want; if (bad) { print bad; exit 1 } }
    ' "$1/item_properties_part1.csv" "$1/item_properties_part2.csv" || fail "properties of $1"
    [ "$(($(wc -l <"$1/category_tree.csv") - 1))" = "$7" ] || fail "categories of $1"
    grep -qE '^[0-9]+,[0-9]+,790,n[0-9]+\.[0-9]{3}$' "$1/item_properties_part1.csv" || fail "no price in $1"
    grep -q ',available,' "$1/item_properties_part1.csv" || fail "no availability in $1"
}

# Runs a rank, and prints its largest resident set in KiB.
cat >measure.py <<'PY'
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(code)
PY

# measure STAGE COMMAND...: both ranks together must stay under 2 GiB
measure() {
    local stage=$1 peak
    shift
    mpirun -n 2 /usr/bin/python3 measure.py "$@" >peaks.txt || { fail "$stage"; return; }
    peak=$(awk '$1 == "peak" { sum += $2 } END { print int(sum / 1024) }' peaks.txt)
    echo "$stage: peak of both ranks $peak MiB"
    [ "$peak" -lt 2048 ] || fail "$stage takes $peak MiB"
}

if [ "${1:-}" = full ]; then
    "$SOUK_BIN/souk-generate" --preset retailrocket --out full || fail "full preset"
    check full 2756101 1407580 235061 20275902 417053 1669
    measure ingest "$SOUK_BIN/souk-ingest" --format retailrocket --split 2015-08-15 --out full.ds \
        --properties full/item_properties_part1.csv,full/item_properties_part2.csv \
        --category-tree full/category_tree.csv full/events.csv
    measure train "$SOUK_BIN/souk-train" als --dataset full.ds --factors 64 --epochs 3 --out full.model
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset full.ds --model full.model --k 20 --bootstrap 0 --json full.json >full.txt ||
        fail "evaluation of the full preset"
    finish
fi

shape=(--visitors 1200 --events 4001 --items 211 --catalogue 300 --property-rows 5003 --categories 37)
for run in 'a 1' 'b 1' 'c 2'; do
    "$SOUK_BIN/souk-generate" "${shape[@]}" --seed "${run#* }" --out "${run% *}" || fail "seed ${run#* }"
done
check a 4001 1200 211 5003 300 37
diff -r a b >/dev/null || fail "the same seed gives other bytes"
cmp -s a/events.csv c/events.csv && fail "another seed gives the same events"
awk -F, 'NR > 1 { n[$2]++ } END { for (v in n) if (n[v] == 1) single++; exit !(single >= 550 && single <= 650) }' a/events.csv ||
    fail "not half of the visitors have a single event"
"$SOUK_BIN/souk-generate" --visitors 10 --events 4 --out d 2>error.txt && fail "fewer events than visitors"
grep -q events error.txt || fail "the error does not name the events"
[ ! -e d ] || fail "a refused shop left files"
finish
