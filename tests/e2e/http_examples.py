"""http_examples.py OPENAPI PAGE...: every example of the document and of the pages, by curl, against
$SOUK. The document's are answered as they say: an example of a body that has the name of an example
of a problem gets that problem, the others 200. The pages' end with `# CODE`, or get 200. Replies are
of the schema that the document has for them."""
import json, os, re, subprocess, sys
from http_schema import Document

document = Document(open(sys.argv[1]).read())
failures = runs = 0

def fail(what):
    global failures
    failures += 1
    print("FAIL: " + what)

def curl(arguments):
    """(code, content type, body)"""
    got = subprocess.run(["curl", "-s", "-m", "20", "-w", "\n%{http_code} %{content_type}", *arguments],
                         stdout=subprocess.PIPE, check=False).stdout.decode()
    body, _, last = got.rpartition("\n")
    code, _, kind = last.partition(" ")
    return int(code), kind, body

def check(name, operation, expected, got):
    global runs
    runs += 1
    code, kind, body = got
    schema, media = document.schema_of(operation, code)
    if code != expected:
        return fail("%s: %d in place of %d: %.200s" % (name, code, expected, body))
    if not kind.startswith(media or "?"):
        return fail("%s: %s in place of %s" % (name, kind, media))
    if "json" in media:
        wrong = document.wrong(schema, json.loads(body))
        if wrong:
            fail("%s: the reply is not of its schema: %s" % (name, wrong))

def problem_codes(operation):
    """Names of examples of problems, and their codes."""
    found = {}
    for code, reply in operation["responses"].items():
        content = document.resolve(reply).get("content", {}).get("application/problem+json", {})
        found.update((name, int(code)) for name in content.get("examples", {}))
    return found

def run_document(base):
    for path, method, operation in document.operations():
        url, query = base + path, []
        for p in document.parameters(operation):
            if p["in"] == "path":
                url = url.replace("{%s}" % p["name"], str(p["example"]))
            elif p["in"] == "query" and "example" in p:
                query.append("%s=%s" % (p["name"], p["example"]))
        url += "?" + "&".join(query) if query else ""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for name, example in (content["examples"] if content else {"": None}).items():
            arguments = ["-X", method, url]
            if content:
                wrong = document.wrong(content["schema"], example["value"])
                if (wrong is None) == (name == "invalid-field"):
                    fail("%s %s: the example is %s" % (path, name, wrong or "of the schema"))
                arguments += ["-H", "Content-Type: application/json", "-d", json.dumps(example["value"])]
            check("%s %s %s" % (method, path, name), operation, problem_codes(operation).get(name, 200), curl(arguments))

def run_replies():
    """The examples of replies are of their schemas."""
    for path, method, operation in document.operations():
        for code, reply in operation["responses"].items():
            for content in document.resolve(reply).get("content", {}).values():
                values = [content["example"]] if "example" in content else []
                values += [e["value"] for e in content.get("examples", {}).values()]
                for value in values:
                    wrong = document.wrong(content["schema"], value)
                    if wrong:
                        fail("%s %s %s: the example of the reply: %s" % (method, path, code, wrong))

def operation_of(command):
    """The operation that a curl command of a page calls."""
    target = re.search(r'\$SOUK(/[^?"\' ]*)', command).group(1)
    for path, method, operation in document.operations():
        pattern = re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, target) and (method == "POST") == (" -d " in command):
            return operation
    raise LookupError(command)

def run_page(page):
    count = 0
    for line in open(page):
        if not re.match(r"(    )?curl .*\$SOUK", line):
            continue
        count += 1
        command = line.strip()
        expected = re.search(r" # ([0-9]{3})$", command)
        script = re.sub(r"^curl ", "curl -m 20 -w '\\\\n%{http_code} %{content_type}' ", command)
        got = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=False).stdout.decode()
        body, _, last = got.rpartition("\n")
        code, _, kind = last.partition(" ")
        check("%s: %s" % (page, command), operation_of(command), int(expected.group(1)) if expected else 200, (int(code), kind, body))
    return count

run_document(os.environ["SOUK"])
run_replies()
for name in sys.argv[2:]:
    print("%s: %d examples" % (os.path.basename(name), run_page(name)))
print("%d examples, %d failures" % (runs, failures))
sys.exit(failures > 0)
