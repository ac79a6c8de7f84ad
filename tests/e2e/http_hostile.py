"""http_hostile.py HOST:PORT PID [--idle N] [--slow N] [--slowdown X]: clients that mean harm, one kind
after the other, while one that means none asks on. Each kind gets the answer that it should, the
process lives and stays within its memory, and the other's p99 is at most twice what it was, or 25 ms."""
import argparse, http.client, json, multiprocessing, os, random, resource, selectors, socket, sys, threading, time

arguments = argparse.ArgumentParser()
arguments.add_argument("address")
arguments.add_argument("pid", type=int)
arguments.add_argument("--idle", type=int, default=1000)
arguments.add_argument("--slow", type=int, default=500)
arguments.add_argument("--header-time", type=float, default=2)
arguments.add_argument("--window", type=float, default=1, help="seconds that others ask on at least, beside each kind")
arguments.add_argument("--memory-mib", type=float, default=0, help="0: not checked (sanitizers)")
arguments.add_argument("--slowdown", type=float, default=1)
options = arguments.parse_args()
host, port = options.address.rsplit(":", 1)
where = (host, int(port))
failures = 0

def fail(what):
    global failures
    failures += 1
    print("FAIL: " + what, flush=True)

def resident_mib():
    with open("/proc/%d/statm" % options.pid) as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2**20

def connect():
    return socket.create_connection(where, timeout=30)

# ---- somebody who means no harm ----

def ask_on(pipe):
    """At a steady pace, until told to stop; what each request took goes into the pipe."""
    took = []
    connection = http.client.HTTPConnection(*where, timeout=30)
    while not pipe.poll(.005):
        start = time.monotonic()
        try:
            connection.request("GET", "/recommend/u%d?n=5" % random.randrange(200))
            reply = connection.getresponse()
            reply.read()
            took.append((time.monotonic() - start, reply.status))
        except OSError as error:
            took.append((time.monotonic() - start, str(error)))
            connection.close()
    pipe.send(took)

class Other:
    def __enter__(self):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=ask_on, args=(theirs,))
        self.process.start()
        self.start = time.monotonic()
        return self

    def __exit__(self, *_):
        time.sleep(max(0, options.window - (time.monotonic() - self.start)))  # enough of them
        self.pipe.send(None)
        took = self.pipe.recv()
        self.process.join()
        times = sorted(t for t, _ in took)
        self.p99_ms = 1000 * times[min(len(times) - 1, int(len(times) * .99))]
        self.bad = [s for _, s in took if s != 200]

def attack(name, attacker):
    start = time.monotonic()
    with Other() as other:
        attacker()
    took = time.monotonic() - start
    limit = max(2 * base_ms, 25) * options.slowdown
    print("%-18s %4.1f s, p99 of others %.1f ms, resident %.0f MiB" % (name, took, other.p99_ms, resident_mib()), flush=True)
    if other.p99_ms > limit:
        fail("%s: others wait %.1f ms, %.1f at most" % (name, other.p99_ms, limit))
    if other.bad:
        fail("%s: others got %s" % (name, other.bad[:3]))
    if options.memory_mib and resident_mib() > options.memory_mib:
        fail("%s: %.0f MiB resident, %.0f at most" % (name, resident_mib(), options.memory_mib))

# ---- those who do ----

def expect_ends(name, sockets, seconds):
    """All of them are closed by the other side within the time."""
    watch = selectors.DefaultSelector()
    for s in sockets:
        s.setblocking(False)
        watch.register(s, selectors.EVENT_READ)
    end = time.monotonic() + seconds
    left = len(sockets)
    while left and time.monotonic() < end:
        for key, _ in watch.select(.1):
            try:
                data = key.fileobj.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                watch.unregister(key.fileobj)
                left -= 1
    watch.close()
    for s in sockets:
        s.close()
    if left:
        fail("%s: %d of %d connections are still there after %.1f s" % (name, left, len(sockets), seconds))

def slow(name, head):
    """Single bytes buy no time."""
    sockets = [connect() for _ in range(options.slow)]
    for s in sockets:
        s.sendall(head)
    end = time.monotonic() + options.header_time * .75
    while time.monotonic() < end:
        time.sleep(options.header_time / 4)
        for s in sockets:
            try:
                s.send(b"a")
            except OSError:
                pass
    expect_ends(name, sockets, (options.header_time * .5 + 1.5) * options.slowdown)

def slow_heads():
    slow("slow heads", b"GET /recommend/u1 HTTP/1.1\r\nHost: a\r\nX-Slow: ")

def slow_bodies():
    slow("slow bodies", b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[")

def idle():
    """They come in their thousands a second, stay, and go."""
    sockets = []
    while len(sockets) < options.idle:
        sockets += [connect() for _ in range(100)]
        time.sleep(.01)
    time.sleep(options.window)
    while sockets:
        for s in sockets[:100]:
            s.close()
        del sockets[:100]
        time.sleep(.01)

def huge_body():
    """1 GiB in chunks, from several at once: cut soon after the limit, and told why."""
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    results = []
    def one():
        s = connect()
        s.sendall(b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 2**30:
                s.sendall(chunk)
                sent += 65536
        except OSError:
            pass
        reply = b""
        try:
            reply = s.recv(4096)
        except OSError:
            pass
        results.append((sent, reply[:12]))
        s.close()
    threads = [threading.Thread(target=one) for _ in range(4)]
    for t in threads: t.start()
    for t in threads: t.join()
    for sent, reply in results:
        if sent > 64 * 2**20 or reply != b"HTTP/1.1 413":
            fail("huge body: %d MiB were taken, and %r said" % (sent >> 20, reply))

def full_bodies():
    """As long and as full of values as they may be, one after the other from several."""
    body = b'{"user_id": "u1", "filters": {"exclude": [' + b",".join(b'"i%d"' % i for i in range(9999)) + b']}, "n_items": 1}'
    batch = json.dumps([{"user_id": "u%d" % i, "item_id": "i" * 128, "event_type": "view", "event_id": "e" * 64} for i in range(1000)]).encode()
    end = time.monotonic() + 1.5 * options.window
    def one(path, body):
        while time.monotonic() < end:
            code, text = ask("POST", path, body)
            if code not in (200, 501, 503):
                fail("a full body: %d %r" % (code, text[:80]))
    threads = [threading.Thread(target=one, args=a) for a in (("/recommendations", body), ("/events", batch)) * 2]
    for t in threads: t.start()
    for t in threads: t.join()

def talk(data, seconds=5):
    """What comes back until the other side closes; None in the end: it does not."""
    s = connect()
    s.settimeout(seconds)
    reply = b""
    try:
        s.sendall(data)
    except OSError:
        pass
    try:
        while True:
            got = s.recv(65536)
            if not got:
                return reply, True
            reply += got
    except socket.timeout:
        return reply, False
    except OSError:
        return reply, True
    finally:
        s.close()

def garbage():
    rng, sockets = random.Random(1), []
    for i in range(200):
        data = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 3000)))
        if i % 4 == 1:
            data = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 5 + data
        if i % 4 == 2:
            data = data.replace(b"\n", b"\r\n") + b"\r\n\r\n"
        if i % 4 == 3:
            data = b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data) + data + data
        sockets.append(connect())
        try:
            sockets[-1].sendall(data)
            sockets[-1].shutdown(socket.SHUT_WR)
        except OSError:
            pass
    expect_ends("garbage", sockets, (options.header_time + 1.5) * options.slowdown)

def header_flood():
    for flood in (b"".join(b"X-%d: y\r\n" % i for i in range(100000)), b"X: " + b"a" * 10**7 + b"\r\n", b"Cookie: a=b\r\n" * 50000):
        reply, closed = talk(b"GET /livez HTTP/1.1\r\nHost: a\r\n" + flood + b"\r\n")
        if not closed or (reply and not reply.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))):
            fail("header flood: %r" % reply[:60])
    reply, closed = talk(b"GET /" + b"a" * 10**6 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    if not closed or (reply and not reply.startswith((b"HTTP/1.1 414", b"HTTP/1.1 431"))):
        fail("long URL: %r" % reply[:60])

POST = b"POST /recommendations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + HIDDEN,
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}" + HIDDEN,
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
    "a length with a blank": POST + b"Content-Length : 2\r\n\r\n{}" + HIDDEN,
    "a folded length": POST + b"X: y\r\n Content-Length: 2\r\n\r\n{}" + HIDDEN,
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "no coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks in 1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n0\r\n\r\n" + HIDDEN,
    "no hex": CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a negative chunk": CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a chunk in 0x": CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a short chunk": CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a byte 0 in a header": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n" + HIDDEN,
    "a byte 0 in a length": POST + b"Content-Length: 2\x000\r\n\r\n{}" + HIDDEN,
    "a byte 0 in the URL": b"GET /livez\0x HTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN,
    "a lone CR": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 40\r\n\r\n" + HIDDEN,
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + HIDDEN,
    "a body of a GET": b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\n" + HIDDEN,
}

def smuggling():
    for name, data in SMUGGLED.items():
        reply, closed = talk(data)
        if not closed or not reply.startswith(b"HTTP/1.1 400") or b"200 OK" in reply:
            fail("smuggling, %s: %r%s" % (name, reply[:60], "" if closed else ", and stays open"))
    reply, closed = talk(CHUNKED + b"\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n" + HIDDEN)
    if not closed or not reply.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")) or b"200 OK" in reply:
        fail("smuggling, a chunk beyond 64 bits: %r" % reply[:60])

def ask(method, path, body=None):
    connection = http.client.HTTPConnection(*where, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body is not None:
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, text

BODIES = [b"[" * 100000, b'{"a":' * 100000, b"[" * 100000 + b"]" * 100000, b"[" + b"{}," * 300000 + b"{}]",
          b'{"user_id": "a\\u0000b"}', b'{"user_id": "a\0b"}', b'{"user_id": "\xff\xfe"}', b'{"user_id": "\\ud800"}',
          b'{"user_id": "u", "n_items": 1e400}', b'{"user_id": "u", "n_items": 99999999999999999999}',
          b'{"user_id": "u", "n_items": -1}', b'{"user_id": "u", "n_items": 2.5}', b'{"user_id": "u", "n_items": NaN}',
          b'{"user_id": "u", "user_id": "v"}', b'{"user_id": "' + b"a" * 129 + b'"}', b'{"user_id": "u", "deadline_ms": -1}',
          b'{"user_id": "u", "moment": -1}', b'{"user_id": "u", "moment": "99999-01-01T00:00:00Z"}', b"null", b'"a"', b"", b"\xef\xbb\xbf{}"]

def odd_requests():
    for body in BODIES:
        code, text = ask("POST", "/recommendations", body)
        if code != 400 or json.loads(text)["status"] != 400:
            fail("body %r: %d %r" % (body[:40], code, text[:80]))
    for path, expected in {"/recommend/%00": 400, "/recommend/a%00b": 400, "/recommend/%ff": 400, "/recommend/%c0%80": 400,
                           "/recommend/%zz": 400, "/recommend/u?n=%00": 400, "/recommend/" + "a" * 129: 400, "/recommend/%0a": 400,
                           "/../../etc/passwd": 404, "/docs/../../etc/passwd": 404, "/docs/..%2f..%2fetc%2fpasswd": 404,
                           "/%2e%2e/%2e%2e/etc/passwd": 404, "/docs/docs.js/": 404, "//docs": 404, "/recommend/": 404, "*": 404,
                           "/recommend/..": 200, "/recommend/..%2f..%2fetc%2fpasswd": 200}.items():
        code, text = ask("GET", path)
        if code != expected or (code != 200 and json.loads(text)["status"] != code):
            fail("GET %s: %d in place of %d: %r" % (path[:40], code, expected, text[:80]))

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
with Other() as calm:
    time.sleep(1)
base_ms = calm.p99_ms
print("%-18s p99 %.1f ms, resident %.0f MiB" % ("nobody else", base_ms, resident_mib()), flush=True)
for attacker in (odd_requests, smuggling, header_flood, garbage, huge_body, full_bodies, slow_heads, slow_bodies, idle, idle):
    attack(attacker.__name__.replace("_", " "), attacker)
if not os.path.exists("/proc/%d" % options.pid) or ask("GET", "/recommend/u1")[0] != 200:
    fail("the process does not answer in the end")
sys.exit(failures > 0)
