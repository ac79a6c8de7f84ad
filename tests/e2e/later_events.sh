#!/usr/bin/env bash
# later_events.sh [two-stage]: somebody new views three items of a made-up shop, and the next list, of
# a fleet of two shards with a store of events, is of their categories or the parents of these: at
# least 6 of 10. What was bought does not come back; another proxy start later it still counts.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
# shellcheck source=tests/e2e/http_lib.sh
. "$here/http_lib.sh"
export OMP_NUM_THREADS=1
kind=${1:-als}

"$SOUK_BIN/souk-generate" --visitors 4000 --items 600 --events 40000 --categories 40 --out shop 2>log || fail "generate"
mpirun -n 2 "$SOUK_BIN/souk-ingest" --format retailrocket --out shop.ds --category-tree shop/category_tree.csv \
    --properties shop/item_properties_part1.csv,shop/item_properties_part2.csv shop/events.csv 2>log || fail "ingest: $(tail -1 log)"
if [ "$kind" = als ]; then
    mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset shop.ds --until none --out shop.model >log 2>&1 || fail "als: $(tail -1 log)"
else
    mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset shop.ds --until none --label-windows 2 --out shop.model >log 2>&1 || fail "all: $(tail -1 log)"
fi

start_proxy() { http_proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --events "sqlite:$work/events.db" --cache 16M; }
replica shard0 shop.model 0/2
replica shard1 shop.model 1/2
start_proxy

did() { ask event --user "$1" --item "$2" --type "$3" >/dev/null || fail "event of $1"; }
list() { ask recommend --user "$1" --json >"$1.json" || fail "recommend $1"; }
has() { grep -q "\"item_id\":\"$2\"" "$1.json"; }

# views SEED: three items of one category, each with events
cat >views.py <<'PY'
import csv, random, sys
category, shown = {}, {}
for part in "12":
    for row in csv.DictReader(open(f"shop/item_properties_part{part}.csv")):
        if row["property"] == "categoryid":
            category[row["itemid"]] = row["value"]
parent = {row["categoryid"]: row["parentid"] for row in csv.DictReader(open("shop/category_tree.csv"))}
for row in csv.DictReader(open("shop/events.csv")):
    if row["itemid"] in category:
        shown.setdefault(category[row["itemid"]], set()).add(row["itemid"])
if sys.argv[1] == "views":
    draw = random.Random(int(sys.argv[2]))
    items = draw.choice(sorted(sorted(i) for i in shown.values() if len(i) >= 12))
    print(*draw.sample(items, 3))
else:
    def above(c):
        while c:
            yield c
            c = parent.get(c, "")
    wanted = {c for item in sys.argv[2:] for c in (category[item], parent.get(category[item], "")) if c}
    recommended = [line.strip() for line in sys.stdin]
    print(sum(any(c in wanted for c in above(category.get(item, ""))) for item in recommended))
PY

# The list before anything has happened is what is popular, and is kept; then it is another one.
for seed in 1 2 3; do
    user=new$seed
    read -r -a viewed <<<"$(/usr/bin/python3 views.py views $seed)"
    list $user
    grep -q '"user_type":"cold"' $user.json || fail "$user is not cold at first"
    for item in "${viewed[@]}"; do did $user "$item" view; done
    list $user
    grep -q '"user_type":"warm"' $user.json || fail "$user is not warm after three views"
    grep -q '"degraded":false' $user.json || fail "$user is answered degraded"
    for item in "${viewed[@]}"; do ! has $user "$item" || fail "$user is shown $item again"; done
    hits=$(items <$user.json | cut -f1 | /usr/bin/python3 views.py hits "${viewed[@]}")
    echo "$kind: $user viewed ${viewed[*]}, and $hits of 10 are of their categories or the parents"
    [ "$hits" -ge 6 ] || fail "$user: $hits of 10 are of the categories of ${viewed[*]}"
done

# Bought, and gone at once; with --include-seen it may come back.
bought=$(items <new1.json | sed -n '1s/\t.*//p')
did new1 "$bought" transaction
list new1
! has new1 "$bought" || fail "what was bought comes back"

# What is known of the visitor: four events with three items of one category, and one bought.
curl -s "$SOUK/user/new1/stats" >stats.json
/usr/bin/python3 - "$kind" <<'PY' || fail "stats: $(cat stats.json)"
import json, sys
got = json.load(open("stats.json"))
wanted = {"user_id": "new1", "user_type": "warm", "total_events": 4, "purchases": 1, "unique_items_viewed": 4, "session_events": 4}
wrong = {k: got.get(k) for k in wanted if got.get(k) != wanted[k]}
if wrong or not 1 <= got["unique_categories_viewed"] <= 2 or abs(got["conversion_rate"] - 1 / 3) > 1e-9:
    sys.exit(f"{wrong} of {got}")
PY

# After a start the store still knows.
stop proxy
start_proxy
cp new1.json before.json
list new1
[ "$(items <new1.json)" = "$(items <before.json)" ] || fail "another list after a start of the proxy"
stop_fleet
finish
