#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Long streams, and what became of them: a pattern of N MiB from a seed, no two MiB of it alike.

Usage: stream.py source MIB SEED            to standard output
       stream.py sink                       standard input: prints "octets sha256"
       stream.py hash MIB SEED              what a sink of it would print
       stream.py connect|listen ADDRESS PORT send MIB SEED
       stream.py connect|listen ADDRESS PORT receive

The last two are the kernel's TCP. `send` sends it all and its FIN, then waits for the peer's;
`receive` sends its FIN before it reads anything, and prints what a sink prints.
"""
import fcntl
import hashlib
import os
import random
import socket
import struct
import sys

PATIENCE = 120                      # seconds without an octet: something hangs
MIB = 1 << 20
F_SETPIPE_SZ = 1031


def pattern(mib, seed):
    block = random.Random(int(seed)).randbytes(MIB)
    for k in range(int(mib)):
        yield struct.pack(">Q", k) + block[8:]


class Sink:
    def __init__(self):
        self.octets, self.digest = 0, hashlib.sha256()

    def take(self, chunk):
        self.octets += len(chunk)
        self.digest.update(chunk)

    def show(self):
        print(self.octets, self.digest.hexdigest())


def widen(fd):
    """A pipe of a MiB, where it is one, so that it is not the pipe that is measured."""
    try:
        fcntl.fcntl(fd, F_SETPIPE_SZ, MIB)
    except OSError:
        pass


def opened(how, address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(PATIENCE)
    if how == "connect":
        s.connect((address, int(port)))
        return s
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    s.listen(1)
    c, _ = s.accept()
    c.settimeout(PATIENCE)
    return c


def main(deed, *rest):
    sink = Sink()
    if deed == "source":
        widen(1)
        for chunk in pattern(*rest):
            at = memoryview(chunk)
            while at:
                at = at[os.write(1, at):]
    elif deed == "hash":
        for chunk in pattern(*rest):
            sink.take(chunk)
        sink.show()
    elif deed == "sink":
        widen(0)
        while chunk := os.read(0, MIB):
            sink.take(chunk)
        sink.show()
    else:
        talk(opened(deed, *rest[:2]), sink, *rest[2:])


def talk(s, sink, deed, *what):
    if deed == "send":
        for chunk in pattern(*what):
            s.sendall(chunk)
    s.shutdown(socket.SHUT_WR)
    while chunk := s.recv(MIB):
        sink.take(chunk)
    if deed == "receive":
        sink.show()
    elif sink.octets:
        sys.exit(f"{sink.octets} octets came from a side that sends nothing")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("source", "sink", "hash", "connect", "listen"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
