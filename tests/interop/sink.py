#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's side of one connection: reads to its end, and prints the SHA-256 of what came.

Usage: sink.py ADDRESS PORT
"""
import hashlib
import socket
import sys

with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
    listener.settimeout(30)
    connection, _ = listener.accept()
digest = hashlib.sha256()
connection.settimeout(30)
while octets := connection.recv(1 << 16):
    digest.update(octets)
print(digest.hexdigest())
