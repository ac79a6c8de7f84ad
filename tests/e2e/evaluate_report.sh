#!/bin/bash
# souk-evaluate --report: well-formed, fetches nothing, and opens in a browser without a complaint.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$here/ingest_lib.sh"

awk 'BEGIN {
    print "user,item,time"
    for (t = 0; t < 1500; t++)
        printf "u%d,<i%d&>,2024-%02d-%02d 10:%02d:00\n", (t * 7) % 60, int(t * 13 / 7 + t * t / 31) % 40,
            1 + int(t / 125), 1 + t % 28, t % 60
}' > events.csv
ingest 2 --format csv --user-column user --item-column item --time-column time --split 2024-10-01 \
    --out a.ds events.csv > out 2> err || fail "ingest: $(tail -1 err)"
for kind in "ease --lambda 5" popular "all --trees 5 --label-windows 1 --candidates 8 --min-data 5"; do
    # shellcheck disable=SC2086
    mpirun -n 2 "$SOUK_BIN/souk-train" $kind --dataset a.ds --out "${kind%% *}.model" > out 2> err \
        || fail "train $kind: $(tail -1 err)"
done

report() { # RANKS NAME OPTIONS...
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-evaluate" --dataset a.ds --model "${model:-ease.model}" --bootstrap 50 \
        --report "$name.html" "$@" > out 2> err || fail "report $name: $(tail -1 err)"
}
report 2 plain
report 2 compared --against popular.model
report 3 again --against popular.model
cmp compared.html again.html || fail "the page depends on the number of ranks"
report 2 none --test-until 2024-10-03 --k 3 --bootstrap 0
model=all.model report 2 stages

/usr/bin/python3 - plain.html compared.html none.html stages.html << 'PY' || fail "the page"
import sys
import xml.etree.ElementTree as tree
failures = 0
def expect(is_so, what):
    global failures
    failures += not is_so
    print(end="" if is_so else f"{path}: {what}\n")
for path in sys.argv[1:]:
    page = open(path, encoding="utf-8").read()
    root = tree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    titles = [e.text for e in root.iter("h2")]
    for title in ("Figures", "Lists by length", "All candidates", "Scores", "Popularity"):
        expect(title in titles, f"no section {title}")
    expect(("Differences" in titles) == ("compared" in path), "differences")
    for title in ("Candidates", "Features", "Confidence", "Probability"):
        expect((title in titles) == ("stages" in path), f"section {title}")
    expect(len(list(root.iter("figure"))) >= 9, "figures are missing")
    expect(not list(root.iter("script")) and not list(root.iter("img")), "scripts or images")
    refs = [v for e in root.iter() for k, v in e.attrib.items() if k in ("href", "src", "data")]
    expect(all(r.startswith("data:") for r in refs), f"refers to {refs}")
    expect("url(" not in page and "@import" not in page, "the style sheet fetches")
    style = "".join(root.find(".//style").itertext())
    for rule in ("prefers-color-scheme:dark", "@media print", "max-width"):
        expect(rule in style, f"no {rule}")
    for e in root.iter("path"):
        expect("nan" not in e.get("d") and "inf" not in e.get("d"), "a place that is no number")
sys.exit(failures > 0)
PY
[ -z "$(find . -name '*.partial')" ] || fail "left something half-written"

if "$SOUK_BIN/souk-evaluate" --dataset a.ds --model ease.model --report /dev/full > out 2> err; then
    fail "a page onto a device goes unnoticed"
fi
if "$SOUK_BIN/souk-evaluate" --dataset a.ds --model ease.model --report missing/r.html > out 2> err; then
    fail "a page into a missing folder goes unnoticed"
fi

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
    echo "not run: the page in a browser (chromium is not installed)"
    finish
fi
# browse WIDTH FILE: a picture in page.png; what the browser itself asks the network for has another key
browse() {
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking \
        --user-data-dir="$work/browser" --enable-logging=stderr --log-net-log="$work/net.json" \
        --window-size="$1,3000" --screenshot="$work/page.png" "file://$work/$2" > out 2> err
    grep -o '"network_isolation_key":"file://.\{0,220\}"url":"\(http\|ws\)[^"]*' net.json > asked
}
echo '<!DOCTYPE html><title>x</title><img src="http://127.0.0.1:9/x.png">' > fetches.html
browse 800 fetches.html || fail "a page that does fetch goes unnoticed"
for page in "1200 compared.html" "360 stages.html"; do
    rm -f page.png
    # shellcheck disable=SC2086
    if browse $page; then
        fail "$page asks the network: $(head -1 asked)"
    fi
    grep 'CONSOLE' err && fail "the browser complains about $page"
    [ "$(stat -c %s page.png 2> /dev/null || echo 0)" -gt 20000 ] || fail "no picture of $page"
done
finish
