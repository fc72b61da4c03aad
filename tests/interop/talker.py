#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's side of `aksu listen` and `aksu connect`: one connection, strict about half-close.

Usage: talker.py connect|listen ADDRESS PORT DEED

  first   sends standard input and its FIN before it reads anything
  last    reads up to the peer's FIN before it sends anything
  reset   sends standard input, waits a moment, and resets the connection
  slow    sends standard input; then reads with pauses between small pieces

What is received goes to standard output.
"""
import socket
import struct
import sys
import time

PATIENCE = 30                       # seconds without an octet: something hangs


def opened(how, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(PATIENCE)
    if how == "connect":
        s.connect((address, port))
        return s
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(1)
    c, _ = s.accept()
    c.settimeout(PATIENCE)
    return c


def send(s):
    while chunk := sys.stdin.buffer.read(1 << 16):
        s.sendall(chunk)


def receive(s, size=1 << 16, pause=0.0):
    while chunk := s.recv(size):
        sys.stdout.buffer.write(chunk)
        time.sleep(pause)


def main(how, address, port, deed):
    s = opened(how, address, int(port))
    if deed == "last":
        receive(s)
    send(s)
    if deed == "reset":
        time.sleep(0.3)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        return
    s.shutdown(socket.SHUT_WR)
    if deed == "first":
        time.sleep(0.1)
    if deed != "last":
        receive(s, *((1 << 14, 0.005) if deed == "slow" else ()))
    s.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
