"""items_check.py table SHOP                                        a catalogue for the shop, as CSV
items_check.py fleet SOUK PROXY SHOP ITEMS KIND LISTS       ask a fleet, and compare with the tables

LISTS keeps the answers of the first fleet of a kind: those of others must be the same."""
import csv, json, os, subprocess, sys

ALL = 1000


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text[1:] if text[0] == "n" else text)


def properties(shop):
    """The latest value of each item's properties."""
    latest = {}
    for part in ("item_properties_part1.csv", "item_properties_part2.csv"):
        for row in read(os.path.join(shop, part)):
            key = row["itemid"], row["property"]
            if key not in latest or int(row["timestamp"]) >= latest[key][0]:
                latest[key] = int(row["timestamp"]), row["value"]
    return {key: value for key, (_, value) in latest.items()}


def write_table(shop):
    """Three items in four have a title, every second a weight."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["id", "title", "brand", "weight"])
    for item in sorted({int(item) for item, _ in properties(shop)}):
        title = ["", 'A "quoted", long title', "Größe %d" % item, "plain"][item % 4]
        out.writerow([item, title, "brand%d" % (item % 3), item / 8 if item % 2 else ""])


def known(shop, items):
    facts = {}
    for (item, name), value in properties(shop).items():
        fact = facts.setdefault(item, {})
        if name == "categoryid":
            fact["category"] = value
        elif name == "790":
            fact["price"] = number(value)
        elif name == "available":
            fact["available"] = number(value)
    for row in read(items):
        fact = facts.setdefault(row["id"], {})
        fact.update({name: row[name] for name in ("title", "brand") if row[name]})
        if row["weight"]:
            fact["weight"] = float(row["weight"])
    return facts


class Fleet:
    def __init__(self, souk, proxy):
        self.souk, self.proxy = souk, proxy

    def ask(self, command, *options):
        done = subprocess.run([self.souk, command, "--proxy", self.proxy, "--json", *map(str, options)],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def list(self, command, *options):
        code, out, err = self.ask(command, *options)
        assert code == 0, (command, options, err)
        answer = json.loads(out)
        assert not answer["partial"] and not answer["degraded"], answer
        return answer["recommendations"]


def under(tree, category, above):
    while category and category != above:
        category = tree.get(category)
    return category == above


def passes(fact, tree, f):
    if f.get("categories") and not any(under(tree, fact.get("category"), c) for c in f["categories"]):
        return False
    if ("min" in f or "max" in f) and not f.get("min", 0) <= fact.get("price", -1) <= f.get("max", 1e18):
        return False
    return not (f.get("available") and fact.get("available") == 0)


def options_of(f):
    options = []
    if f.get("categories"):
        options += ["--filter-category", ",".join(f["categories"])]
    for key in ("min", "max"):
        if key in f:
            options += ["--price-" + key, f[key]]
    if f.get("exclude"):
        options += ["--exclude", ",".join(f["exclude"])]
    return options + (["--available"] if f.get("available") else [])


def steps(tree, category, preferred):
    """Steps up from the preferred category to one that the other is under; 3: too far."""
    for step in range(3):
        if preferred and under(tree, category, preferred):
            return step
        preferred = tree.get(preferred) if preferred else None
    return 3


def check_fleet(souk, proxy, shop, items, kind, lists):
    fleet, facts = Fleet(souk, proxy), known(shop, items)
    tree = {row["categoryid"]: row["parentid"] or None for row in read(os.path.join(shop, "category_tree.csv"))}
    events = read(os.path.join(shop, "events.csv"))
    sold = [row["itemid"] for row in events]
    with_price = sorted(facts[item]["price"] for item in set(sold) if "price" in facts[item])
    middle, high = with_price[len(with_price) // 3], with_price[2 * len(with_price) // 3]
    roots = [c for c, parent in tree.items() if parent is None]
    child = next(c for c, parent in tree.items() if parent in roots)
    filters = [{"categories": [roots[0]]}, {"categories": [child, roots[-1]]}, {"min": middle, "max": high},
               {"available": True}, {"available": True, "max": high, "categories": roots[:2]},
               {"categories": ["no such"]}, {"exclude": sold[:40] + ["no such"], "min": middle},
               {"exclude": ["x%d" % i for i in range(9000)] + sold[:1000]}]
    moment = ["--moment", int(events[-1]["timestamp"]) + 1] if kind == "all" else []
    asked = [("recommend", "--user", user, *moment) for user in
             (events[0]["visitorid"], events[len(events) // 2]["visitorid"], "nobody")]
    if kind not in ("popular", "category"):
        asked.append(("similar", "--item", sold[0]))
    kept = []
    for question in asked:
        whole = fleet.list(*question, "-n", ALL)
        staged = kind == "all" and question[2] != "nobody" and question[0] == "recommend"
        for f in filters:
            got = fleet.list(*question, "-n", 20, "--metadata", *options_of(f))
            kept.append([(r["item_id"], r["score"]) for r in got])
            for r in got:
                assert r.get("metadata", {}) == facts[r["item_id"]], (kind, r, facts[r["item_id"]])
                assert passes(facts[r["item_id"]], tree, f) and r["item_id"] not in f.get("exclude", ()), (f, r)
            want = [(r["item_id"], r["score"]) for r in whole if passes(facts[r["item_id"]], tree, f)
                    and r["item_id"] not in f.get("exclude", ())][:20]
            assert staged or kept[-1] == want, (kind, question, f, kept[-1], want)
    check_preferences(fleet, kind, facts, tree, child, asked)
    check_hostile(fleet, asked[0])
    if os.path.exists(lists):
        with open(lists, encoding="utf-8") as file:
            assert json.load(file) == json.loads(json.dumps(kept)), kind + ": lists depend on the shards"
    else:
        with open(lists, "w", encoding="utf-8") as file:
            json.dump(kept, file)


def check_preferences(fleet, kind, facts, tree, preferred, asked):
    whole = fleet.list("recommend", "--user", "nobody", "-n", ALL)
    place = {r["item_id"]: i for i, r in enumerate(whole)}
    got = fleet.list("recommend", "--user", "nobody", "-n", ALL, "--prefer-category", preferred)
    order = [(steps(tree, facts[r["item_id"]].get("category"), preferred), place[r["item_id"]]) for r in got]
    assert len(got) == len(whole) and order == sorted(order), (kind, order[:20])
    assert order[0][0] == 0 and list(got[0]["scores"]) == ["preferences"], got[0]
    scores = [r["score"] for r in got]
    assert scores == sorted(scores, reverse=True), "by score"
    narrowed = fleet.list("recommend", "--user", "nobody", "-n", 5, "--prefer-category", preferred, "--available")
    want = [r["item_id"] for r in got if facts[r["item_id"]].get("available") != 0][:5]
    assert [r["item_id"] for r in narrowed] == want, (narrowed, want)
    if kind != "popular":
        warm = [fleet.list(*asked[0], "-n", 20, *more) for more in ([], ["--prefer-category", preferred])]
        assert warm[0] == warm[1], "a history goes before preferences"


def check_hostile(fleet, question):
    for options, reason in ((["--price-min", 5, "--price-max", 4], "'price_min' is above 'price_max'"),
                            (["--price-min", "nan"], "not a number"),
                            (["--exclude", ",".join("x%d" % i for i in range(10001))], "at most 10000"),
                            (["--filter-category", ",".join("c%d" % i for i in range(1001))], "at most 1000")):
        code, _, err = fleet.ask(*question, *options)
        assert code in (2, 3) and reason in err, (options[0], code, err)


if __name__ == "__main__":
    if sys.argv[1] == "table":
        write_table(sys.argv[2])
    else:
        check_fleet(*sys.argv[2:])
