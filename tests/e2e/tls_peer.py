"""tls_peer.py HOST:PORT CA CERT VERSION NUMBER: connections one after another, each until nng's hello.

CERT is NAME (of NAME.crt and NAME.key), `none` (no certificate) or `plain` (no TLS); VERSION is 1.2 or
1.3. Prints how many of them were taken.
"""
import socket
import ssl
import sys

address, ca, cert, version, number = sys.argv[1:]
host, port = address.rsplit(":", 1)
HELLO, HELLO_BACK = b"\0SP\0\0\x30\0\0", b"\0SP\0\0\x31\0\0"


def wrap(s):
    if cert == "plain":
        return s
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
    context.load_verify_locations(ca)
    if cert != "none":
        context.load_cert_chain(cert + ".crt", cert + ".key")
    return context.wrap_socket(s, server_hostname=host)


def is_taken():
    try:
        with socket.create_connection((host, int(port)), timeout=20) as s, wrap(s) as peer:
            peer.sendall(HELLO)
            return peer.recv(8) == HELLO_BACK
    except (ssl.SSLError, ConnectionError):
        return False


print(sum(is_taken() for _ in range(int(number))))
