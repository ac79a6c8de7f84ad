#!/bin/bash
# The counts of the reference data's own page: Online Retail and the RetailRocket subset, on 1 to 3
# ranks, and Complete Journey through format csv.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -d "$data/online_retail" ] || skip "no reference data in '$data'"
command -v zstd > /dev/null || skip "zstd is not installed"

zstd -dcq "$data/online_retail/online_retail.csv.zst" > online_retail.csv
mkdir retailrocket
zstd -dcq "$data/retailrocket/events.csv.zst" > retailrocket/events.csv
zstd -dcq "$data/completejourney/transactions.csv.zst" > transactions.csv

# expect NAME JSON PYTHON-EXPRESSION: p is the profile, by is what was dropped
expect() {
    /usr/bin/python3 - "$2" "$3" <<'PY' || fail "$1: $3"
import json, sys
p = json.load(open(sys.argv[1]))
r = p['rows']
first, each, split = r['by_first_reason'], r['by_each_reason'], p.get('split')
types = {t['name']: t['count'] for t in p['event_types']}
sys.exit(not eval(sys.argv[2]))
PY
}

for ranks in 1 2 3; do
    ingest $ranks --format online-retail --split 2011-11-09 --out or.ds --profile \
        --profile-json or.json online_retail.csv > or.txt 2> err \
        || fail "online_retail.csv on $ranks ranks: $(tail -1 err)"
    expect "$ranks ranks" or.json 'r["read"] == 541909 and r["bad"] == 0'
    expect "$ranks ranks" or.json 'first == {"no_customer": 135080, "cancellation": 8905, "price_not_positive": 40}'
    expect "$ranks ranks" or.json 'each == {"no_customer": 135080, "cancellation": 9288,
        "quantity_not_positive": 10624, "price_not_positive": 2517}'
    expect "$ranks ranks" or.json 'split["train"]["users"] == 4067 and split["train"]["items"] == 3624'
    expect "$ranks ranks" or.json 'split["train"]["pairs"] == 231178'
    expect "$ranks ranks" or.json 'split["test"]["discovery_targets"] == 26483'
    expect "$ranks ranks" or.json 'split["test"]["discovery_users"] == 1288'
    expect "$ranks ranks" or.json 'split["test"]["new_item_targets"] == 516'
    expect "$ranks ranks" or.json '(split["test"]["new_user_targets"], split["test"]["new_users"]) == (8615, 271)'
    grep -q 'cancellation  *8905 .* in all rows 9288' or.txt || fail "the table lacks cancellations"

    ingest $ranks --format retailrocket --out rr.ds --profile-json rr.json retailrocket 2> err \
        || fail "the RetailRocket subset on $ranks ranks: $(tail -1 err)"
    expect "$ranks ranks" rr.json 'r["read"] == 97381 and r["duplicates"] == 0 and p["events"] == 97381'
    expect "$ranks ranks" rr.json 'p["users"] == 2174 and p["items"] == 29905'
    expect "$ranks ranks" rr.json 'types == {"view": 75374, "addtocart": 12456, "transaction": 9551}'
done

ingest 2 --format csv --user-column household_id --item-column product_id \
    --time-column transaction_timestamp --value-column sales_value --order-column basket_id \
    --out cj.ds --profile-json cj.json transactions.csv 2> err || fail "Complete Journey: $(tail -1 err)"
expect "Complete Journey" cj.json 'r["read"] == 75000 and r["bad"] == 0 and p["weighting"] == "orders"'
finish
