#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One end of a path, in a network namespace of its own: does what lines of JSON on standard input
say, each answered by one line. bench/paths/world.py starts two of them.

    {"do": "listen", "port": 5001}
    {"do": "count", "port": 5001, "seconds": 10}   octets that came since the connection was open
    {"do": "linux", "port": 5001, "congestion": "cubic"}           the kernel's TCP sends
    {"do": "aksu", "port": 5001, "argv": ["build/aksu", ...]}      ours does, from /dev/zero
    {"do": "stop", "port": 5001}                   ends what sends there, and tells its figures
    {"do": "forget"}                               ends everything
    {"do": "duplicates"}                           segments that came twice, ever
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SLICE = 0.1  # seconds between two marks
TCP_CONGESTION = 13
CHUNK = bytes(1 << 18)


class Receiver:
    """Takes one connection and throws away what comes, without copying it."""

    def __init__(self, port):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("", port))
        self.listener.listen(1)
        self.connection = None

    def count(self, seconds, patience):
        self.listener.settimeout(patience)
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(SLICE)
        begun = time.monotonic()
        octets, marks = 0, []
        while (now := time.monotonic() - begun) < seconds:
            while len(marks) < int(now / SLICE):
                marks.append(octets)
            try:
                got = self.connection.recv(1 << 20, socket.MSG_TRUNC)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not got:
                break
            octets += len(got)
        return {"octets": octets, "marks": marks, "seconds": time.monotonic() - begun}

    def close(self):
        for one in (self.connection, self.listener):
            if one:
                one.close()
        return {}


class Linux:
    """The kernel's TCP, its congestion control pinned: the machine's default may be another."""

    def __init__(self, order):
        self.socket = socket.socket()
        name = order["congestion"].encode()
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, name)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.to = (order["to"], order["port"])
        self.thread = threading.Thread(target=self.send, daemon=True)
        self.thread.start()

    def send(self):
        try:
            self.socket.connect(self.to)
            while True:
                self.socket.sendall(CHUNK)
        except OSError:
            pass

    def close(self):
        used = self.socket.getsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, 16)
        info = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 224)
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()
        sent, = struct.unpack_from("I", info, 156)  # data_segs_out
        again, = struct.unpack_from("I", info, 100)  # total_retrans
        return {"segments": sent, "again": again,
                "congestion": used.rstrip(b"\0").decode()}


class Aksu:
    def __init__(self, order):
        self.said = tempfile.TemporaryFile(mode="w+")
        with open("/dev/zero", "rb") as zero:
            self.process = subprocess.Popen(order["argv"], stdin=zero, stderr=self.said,
                                            stdout=subprocess.DEVNULL)

    def close(self):
        for _ in range(2):  # the first asks for an orderly end, the second does not wait for it
            self.process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.said.seek(0)
        lines = self.said.read().splitlines()
        for line in reversed(lines):
            if line.startswith("{"):
                stats = json.loads(line)
                return {"segments": stats["segments_out"], "again": stats["retransmissions"]}
        return {"error": " ".join(lines)[-300:]}


def duplicates():
    """From the receiving kernel: how often it told the sender of a segment that it had before."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        rows = [line.split() for line in file if line.startswith("TcpExt:")]
    values = dict(zip(*rows))
    return {"duplicates": int(values["TCPDSACKOldSent"]) + int(values["TCPDSACKOfoSent"])}


def answer(order, ends):
    do, port = order["do"], order.get("port")
    if do == "listen":
        ends[port] = Receiver(port)
        return {}
    if do == "count":
        return ends[port].count(order["seconds"], order["patience"])
    if do == "linux":
        ends[port] = Linux(order)
        return {}
    if do == "aksu":
        ends[port] = Aksu(order)
        return {}
    if do == "stop":
        return ends.pop(port).close()
    if do == "forget":
        while ends:
            ends.popitem()[1].close()
        return {}
    return duplicates()


def main():
    """Counting takes time, and another connection may be counted beside it: a thread for each."""
    ends, lock = {}, threading.Lock()

    def serve(order):
        try:
            said = answer(order, ends)
        except (OSError, KeyError, ValueError) as error:
            said = {"error": f"{order['do']}: {error!r}"}
        said["id"] = order["id"]
        with lock:
            print(json.dumps(said), flush=True)

    for line in sys.stdin:
        threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()
    for end in ends.values():
        end.close()
    os._exit(0)


if __name__ == "__main__":
    main()
