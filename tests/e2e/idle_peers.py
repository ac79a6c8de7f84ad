"""idle_peers.py HOST:PORT IDLE HALF [BYTES]: connections that speak nng's REQ and then ask nothing.

HALF of them more send the first half of a message of BYTES (default 200), and never the rest. Prints
`there IDLE+HALF`, then `left N` for each line on its input: how many are not closed by the server.
"""
import selectors
import socket
import struct
import sys

host, port = sys.argv[1].rsplit(":", 1)
idle, half = int(sys.argv[2]), int(sys.argv[3])
size = int(sys.argv[4]) if len(sys.argv) > 4 else 200
HELLO, HELLO_BACK = b"\0SP\0\0\x30\0\0", b"\0SP\0\0\x31\0\0"
AT_ONCE = 200  # handshakes under way: fewer than the backlog of a listener


def come(number):
    """Connect them, a batch at a time, and shake hands."""
    peers = []
    while len(peers) < number:
        batch = []
        for _ in range(min(AT_ONCE, number - len(peers))):
            s = socket.create_connection((host, int(port)), timeout=20)
            s.sendall(HELLO)
            batch.append(s)
        for s in batch:
            if s.recv(8, socket.MSG_WAITALL) != HELLO_BACK:
                sys.exit("a connection was not taken: %d are there" % len(peers))
        peers += batch
    return peers


def left(peers):
    """How many are not closed."""
    with selectors.DefaultSelector() as selector:
        for s in peers:
            selector.register(s, selectors.EVENT_READ)
        return len(peers) - len(selector.select(0))


peers = come(idle + half)
for s in peers[idle:]:
    s.sendall(struct.pack(">QI", size + 4, 0x80000001) + bytes(size // 2))
print("there", len(peers), flush=True)
for _ in sys.stdin:
    print("left", left(peers), flush=True)
