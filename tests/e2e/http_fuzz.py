"""http_fuzz.py HOST:PORT SECONDS [SEED]: requests made from openapi.json, good ones, mutated ones and
hostile ones, of every operation. No code that the document does not have, no 5xx but 501, 503 and 504,
and replies that are of the schema of their code. What fails is printed with its number: the same
seed makes the same requests."""
import http.client, json, random, sys, time, urllib.parse
from http_schema import Document

where, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
host, port = where.rsplit(":", 1)
rng = random.Random(seed)
connection = http.client.HTTPConnection(host, int(port), timeout=30)
failures, codes = 0, {}
# of libmicrohttpd, which knows no problems; and of what every path may get
UNDOCUMENTED = {"414", "431", "505"}

TEXTS = ["", "u1", "i7", "view", "a" * 128, "a" * 129, "a" * 5000, "\0", "\x01", "é", "😀", "../../etc/passwd", "%00", "' OR 1=1 --",
         "<script>", "${jndi:ldap://x}", "\u202e", "null", "0", "-1", "2026-11-26T12:00:00Z", "99999-01-01T00:00:00Z", "\r\nX: y", "\ufffe"]
NUMBERS = [0, -1, 1, 0.5, 1000, 1001, 2**31, 2**53, 2**63 - 1, -2**63, 2**63, 1e308, -1e308, 5e-324, 0.1 + 0.2, 10**30]

def odd():
    """Anything at all."""
    kind = rng.randrange(8)
    if kind == 0: return rng.choice(TEXTS)
    if kind == 1: return rng.choice(NUMBERS)
    if kind == 2: return rng.choice([True, False, None])
    if kind == 3: return [odd() for _ in range(rng.randrange(3))]
    if kind == 4: return {rng.choice(TEXTS): odd() for _ in range(rng.randrange(3))}
    if kind == 5: return "".join(chr(rng.randrange(1, 0xd7ff)) for _ in range(rng.randrange(20)))
    if kind == 6: return rng.uniform(-1e6, 1e6)
    return json.loads("[" * 20 + "]" * 20)

def good(schema):
    """A value of the schema."""
    schema = document.resolve(schema)
    for rule in ("oneOf", "anyOf"):
        if rule in schema:
            return good(rng.choice(schema[rule]))
    kind = schema.get("type")
    if "enum" in schema: return rng.choice(schema["enum"])
    if kind == "object":
        required = schema.get("required", [])
        return {k: good(v) for k, v in schema.get("properties", {}).items() if k in required or rng.random() < .3}
    if kind == "array":
        return [good(schema.get("items", {})) for _ in range(rng.randrange(schema.get("minItems", 0), 4))]
    if kind == "integer": return rng.choice([schema.get("minimum", 0), rng.randrange(schema.get("minimum", 0), min(schema.get("maximum", 100), 10**12) + 1)])
    if kind == "number": return rng.uniform(schema.get("minimum", 0), min(schema.get("maximum", 1), 1000)) * .999
    if kind == "boolean": return rng.random() < .5
    if kind == "string": return rng.choice(["u%d" % rng.randrange(250), "i%d" % rng.randrange(350), "view", "buy"]) if "format" not in schema else "2026-11-26T12:00:00Z"
    return {"user_id": "u1", "item_id": "i1", "event_type": "view"} if rng.random() < .5 else odd()

def mutate(value):
    """One thing in it is another."""
    if isinstance(value, dict) and value and rng.random() < .8:
        key = rng.choice(list(value))
        what = rng.randrange(4)
        if what == 0: del value[key]
        elif what == 1: value[rng.choice(TEXTS) or "x"] = odd()
        else: value[key] = mutate(value[key]) if what == 2 else odd()
        return value
    if isinstance(value, list) and value and rng.random() < .8:
        at = rng.randrange(len(value))
        value[at] = mutate(value[at])
        return value
    return odd()

def spoil(text):
    """Bytes of it are others."""
    data = bytearray(text)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(4)
        if what == 0: data[at:at] = bytes([rng.randrange(256)])
        elif what == 1: del data[at:at + rng.randrange(1, 10)]
        elif what == 2 and at < len(data): data[at] = rng.randrange(256)
        else: data[at:at] = rng.choice([b"\0", b"\xff", b'"', b"{", b"[" * 50, b"1e999", b"\\u0000", b"\\ud800"])
    return bytes(data)

def encode(value):
    text = value if isinstance(value, str) else json.dumps(value)
    if rng.random() < .05: return text.encode("utf-8", "surrogatepass").replace(b" ", b"+").replace(b"\0", b"%00")
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="").encode()

def make_url(path, operation):
    url, query = path.encode(), []
    for p in document.parameters(operation):
        value = good(p["schema"]) if rng.random() < .7 else odd()
        if p["in"] == "path":
            url = url.replace(b"{%s}" % p["name"].encode(), encode(value))
        elif p["in"] == "query" and rng.random() < .3:
            query.append(p["name"].encode() + b"=" + encode(value))
    if rng.random() < .05: query.append(rng.choice([b"x=1", b"&&", b"=", b"%zz=1", b"n=1&n=2"]))
    url = bytes(c for c in url + (b"?" + b"&".join(query) if query else b"") if c > 32 and c != 127)
    return url[:8000]

def make_body(operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return None
    value = good(content["schema"]) if rng.random() < .8 else json.loads(json.dumps(rng.choice(list(content["examples"].values()))["value"]))
    if rng.random() < .5: value = mutate(value)
    text = json.dumps(value, ensure_ascii=rng.random() < .5).encode("utf-8", "surrogatepass")
    return spoil(text) if rng.random() < .2 else text

def make_headers(body):
    headers = {"Host": "a"}
    if body is not None:
        headers["Content-Type"] = "application/json" if rng.random() < .95 else rng.choice(["text/plain", "application/json; charset=x", ""])
        headers["Content-Length"] = str(len(body))
    if rng.random() < .1: headers["Authorization"] = rng.choice(["Bearer x", "Bearer", "Basic eA==", "Bearer " + "x" * 3000])
    if rng.random() < .1: headers["traceparent"] = rng.choice(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "x", "00-" + "0" * 52])
    if rng.random() < .1: headers["X-Request-Id"] = rng.choice(["a.b-c_d", "a b", "x" * 65, "é"])
    if rng.random() < .1: headers["Accept-Encoding"] = rng.choice(["gzip;q=0", "deflate", "*"])
    if rng.random() < .1: headers["Content-Encoding"] = rng.choice(["gzip", "identity", "x"])
    if rng.random() < .1: headers["If-None-Match"] = rng.choice(["*", '"x"'])
    if rng.random() < .1: headers["Origin"] = rng.choice(["http://a", "null"])
    return headers

def send(method, url, headers, body):
    connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
    connection._buffer[0] = method.encode() + b" " + url + b" HTTP/1.1"
    connection._method = method
    for name, value in headers.items():
        connection.putheader(name, value.encode("utf-8"))
    connection.endheaders(body)
    reply = connection.getresponse()
    return reply.status, (reply.getheader("Content-Type") or ""), reply.read()

def judge(path, method, operation, asked, code, kind, text):
    if str(code) in UNDOCUMENTED:
        return None
    if asked == "HEAD" and code < 400 or asked == "OPTIONS":
        return None if code < 500 else "code %d" % code
    if str(code) not in operation["responses"] and code not in (404, 405):
        return "the document has no %d" % code
    if code == 500:
        return "500"
    if asked == "HEAD" or code == 304:
        return None
    schema, media = document.schema_of(operation, code)
    if not media:
        schema, media = {"$ref": "#/components/schemas/Problem"}, "application/problem+json"
    if not kind.startswith(media):
        return "%s in place of %s" % (kind, media)
    return document.wrong(schema, json.loads(text)) if "json" in media else None

connection.request("GET", "/openapi.json")
document = Document(connection.getresponse().read())
operations = list(document.operations())
end, number = time.monotonic() + seconds, 0
while time.monotonic() < end and failures < 10:
    number += 1
    path, method, operation = rng.choice(operations)
    asked = method if rng.random() < .95 else rng.choice(["HEAD", "OPTIONS", "PUT", "DELETE", "POST", "get", "TRACE", "X" * 20])
    body = make_body(operation) if asked == method else None
    url, headers = make_url(path, operation), make_headers(body)
    try:
        code, kind, text = send(asked, url, headers, body)
        wrong = judge(path, method, operation, asked, code, kind, text)
    except Exception as error:
        connection.close()
        code, text, wrong = 0, b"", "%s: %s" % (type(error).__name__, error)
    codes[code] = codes.get(code, 0) + 1
    if wrong:
        failures += 1
        print("FAIL: request %d of seed %d: %s %s %r: %d: %s (%r)" % (number, seed, asked, url[:200], (body or b"")[:300], code, wrong, text[:200]))
print("%d requests in %.0f s, seed %d: %s" % (number, seconds, seed, ", ".join("%d: %d" % c for c in sorted(codes.items()))))
missing = {200, 400} - set(codes)
sys.exit(failures > 0 or bool(missing))
