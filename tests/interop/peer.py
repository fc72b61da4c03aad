#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's side of the tests beside this file: clients of an echo server.

Usage: peer.py DEED ADDRESS [ARGUMENT ...]

Every deed ends with 0 if what it saw is right, and else with 1 and a line that says what was not.
Data is drawn from a seed (AKSU_SEED, printed) so that a failure can be seen again.
"""
import errno
import hashlib
import os
import random
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PORT = 7
PATIENCE = 30                       # seconds without an octet: something hangs
SEED = int(os.environ.get("AKSU_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
RANDOM = random.Random(SEED)
BLOCK = RANDOM.randbytes(1 << 20)


class Wrong(Exception):
    pass


def check(right, what):
    if not right:
        raise Wrong(what)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connect(address, port=PORT, **options):
    s = socket.socket(family_of(address), socket.SOCK_STREAM)
    s.settimeout(PATIENCE)
    for name, value in options.items():
        s.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    s.connect((address, port))
    return s


def pattern(offset, n):
    """n octets of the stream from an offset: no two MiB of it are alike."""
    out = bytearray()
    while n > 0:
        mib, at = divmod(offset, len(BLOCK))
        piece = BLOCK[at:at + n] if at else struct.pack(">Q", mib) + BLOCK[8:n]
        piece = piece[:n]
        out += piece
        offset += len(piece)
        n -= len(piece)
    return bytes(out)


def receive_all(s):
    digest, octets = hashlib.sha256(), 0
    while chunk := s.recv(1 << 18):
        digest.update(chunk)
        octets += len(chunk)
    return digest.hexdigest(), octets


# ---- deeds -------------------------------------------------------------------------------------

def transfer(address, mib, quiet=False):
    """So many MiB there and back, with one SHA-256; prints the rate."""
    size = int(float(mib) * (1 << 20))
    sent = hashlib.sha256()
    failed = []
    s = connect(address)

    def send():
        try:
            for at in range(0, size, 1 << 18):
                chunk = pattern(at, min(1 << 18, size - at))
                sent.update(chunk)
                s.sendall(chunk)
            s.shutdown(socket.SHUT_WR)
        except OSError as e:
            failed.append(e)

    begin = time.monotonic()
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    received, octets = receive_all(s)
    sender.join(PATIENCE)
    seconds = time.monotonic() - begin
    check(not failed, f"sending: {failed}")
    check(octets == size, f"{octets} octets came back of {size}")
    check(received == sent.hexdigest(), "what came back is not what went out")
    if not quiet:
        print(f"{address}: {size} octets there and back in {seconds:.2f} s, "
              f"{size * 8 / seconds / 1e6:.0f} Mbit/s each way, sha256 {received[:16]}")


def half_close(address, size):
    """Everything is sent and the direction closed before one octet is read; then it all comes."""
    size = int(size)
    s = connect(address, SO_RCVBUF=1 << 22)
    data = pattern(5, size)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    time.sleep(0.2)
    back = bytearray()
    while chunk := s.recv(1 << 16):
        back += chunk
    check(bytes(back) == data, f"{len(back)} of {size} octets, or other ones")


def slow_reader(address, size):
    """The client does not read for a while: the server must stop, lose nothing, and go on."""
    size = int(size)
    s = connect(address, SO_RCVBUF=1 << 14)
    digest, octets = hashlib.sha256(), 0
    sender = threading.Thread(target=lambda: (s.sendall(pattern(0, size)),
                                              s.shutdown(socket.SHUT_WR)), daemon=True)
    sender.start()
    for pause in (0.4, 0.2, 0.1):
        time.sleep(pause)
        chunk = s.recv(1 << 16)
        digest.update(chunk)
        octets += len(chunk)
    while chunk := s.recv(1 << 16):
        digest.update(chunk)
        octets += len(chunk)
    check(octets == size, f"{octets} octets of {size}")
    check(digest.hexdigest() == hashlib.sha256(pattern(0, size)).hexdigest(), "other octets")


def steady(address, rate, log):
    """A stream there and back until a line comes on standard input, no faster than so many MB/s.

    Every tenth of a second the octets that came back so far are written to a file.
    """
    s = connect(address)
    s.setsockopt(socket.SOL_SOCKET, 47, int(float(rate) * 1e6))     # SO_MAX_PACING_RATE
    sent, stop = hashlib.sha256(), threading.Event()
    came = [0]

    def send():
        at = 0
        while not stop.is_set():
            chunk = pattern(at, 1 << 16)
            sent.update(chunk)
            s.sendall(chunk)
            at += len(chunk)
        s.shutdown(socket.SHUT_WR)

    def note():
        while not stop.wait(0.1):
            with open(log + ".new", "w") as f:
                f.write(str(came[0]))
            os.rename(log + ".new", log)

    def wait():
        sys.stdin.readline()
        stop.set()

    for work in (send, note, wait):
        threading.Thread(target=work, daemon=True).start()
    digest = hashlib.sha256()
    while chunk := s.recv(1 << 18):
        digest.update(chunk)
        came[0] += len(chunk)
    check(stop.is_set(), "the server closed first")
    check(digest.hexdigest() == sent.hexdigest(), "what came back is not what went out")
    print(f"{address}: {came[0]} octets there and back, sha256 {sent.hexdigest()[:16]}")


class Client:
    """One of many: sends its octets, closes its direction, reads to the end."""

    def __init__(self, address, selector):
        self.size = RANDOM.choice((0, 1, 100, 1460, 5000, 20000, 65536))
        self.data = pattern(RANDOM.randrange(1 << 30), self.size)
        self.sent, self.back, self.selector = 0, bytearray(), selector
        self.s = socket.socket(family_of(address), socket.SOCK_STREAM)
        self.s.setblocking(False)
        code = self.s.connect_ex((address, PORT))
        check(code in (0, errno.EINPROGRESS), f"connect: {os.strerror(code)}")
        selector.register(self.s, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def act(self, mask):
        if mask & selectors.EVENT_WRITE and self.sent <= self.size:
            code = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            check(code == 0, f"connect: {os.strerror(code)}")
            if self.sent < self.size:
                self.sent += self.s.send(self.data[self.sent:self.sent + 16384])
            if self.sent == self.size:
                self.s.shutdown(socket.SHUT_WR)
                self.sent += 1
                self.selector.modify(self.s, selectors.EVENT_READ, self)
        if mask & selectors.EVENT_READ:
            chunk = self.s.recv(1 << 16)
            self.back += chunk
            return not chunk
        return False


def many(address, count):
    """So many connections at once; every octet comes back on each of them."""
    selector = selectors.DefaultSelector()
    for _ in range(int(count)):
        Client(address, selector)
    while selector.get_map():
        ready = selector.select(PATIENCE)
        check(ready, f"{len(selector.get_map())} connections stand still")
        for key, mask in ready:
            client = key.data
            if client.act(mask):
                selector.unregister(client.s)
                client.s.close()
                check(bytes(client.back) == client.data,
                      f"{len(client.back)} octets of {client.size}, or other ones")


class Guest:
    """One of a thousand: all stay until each of them has been served."""

    def __init__(self, address, number):
        self.data = pattern(number * 7919, 64 + number % 1400)
        self.back = bytearray()
        self.s = socket.socket(family_of(address), socket.SOCK_STREAM)
        self.s.setblocking(False)
        code = self.s.connect_ex((address, PORT))
        check(code in (0, errno.EINPROGRESS), f"connect: {os.strerror(code)}")

    def served(self):
        chunk = self.s.recv(1 << 16)
        check(chunk, "the server closed first")
        self.back += chunk
        check(self.data.startswith(self.back), "other octets")
        return len(self.back) == len(self.data)

    def gone(self):
        check(not self.s.recv(1), "an octet too many")
        return True


def each(guests, event, act):
    """Waits until act() has said yes for each of them."""
    selector = selectors.DefaultSelector()
    for guest in guests:
        selector.register(guest.s, event, guest)
    while left := len(selector.get_map()):
        ready = selector.select(PATIENCE)
        check(ready, f"{left} connections stand still")
        for key, _ in ready:
            if act(key.data):
                selector.unregister(key.fileobj)


def greet(guest):
    code = guest.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    check(code == 0, f"connect: {os.strerror(code)}")
    check(guest.s.send(guest.data) == len(guest.data), "a short write")
    return True


def crowd(address, count, rounds):
    """So many connections at once, all open at one moment; opened and closed so many times."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    begin = time.monotonic()
    for n in range(int(rounds)):
        guests = [Guest(address, n + k) for k in range(int(count))]
        each(guests, selectors.EVENT_WRITE, greet)
        each(guests, selectors.EVENT_READ, Guest.served)
        for guest in guests:
            guest.s.shutdown(socket.SHUT_WR)
        each(guests, selectors.EVENT_READ, Guest.gone)
        for guest in guests:
            guest.s.close()
    seconds = time.monotonic() - begin
    print(f"{address}: {rounds} times {count} connections in {seconds:.1f} s, "
          f"{int(rounds) * int(count) / seconds:.0f} a second")


def heavy(address, count, mib):
    """So many transfers at once."""
    failed = []

    def one():
        try:
            transfer(address, mib, quiet=True)
        except (Wrong, OSError) as e:
            failed.append(e)

    threads = [threading.Thread(target=one, daemon=True) for _ in range(int(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not failed, f"{len(failed)} of {count} failed: {failed[:1]}")


def refused(address):
    """A port without a listener says so at once, and is not left to time out."""
    begin = time.monotonic()
    try:
        connect(address, 9).close()
        raise Wrong("a connection to a port that nobody listens on")
    except ConnectionRefusedError:
        pass
    check(time.monotonic() - begin < 0.9, "the refusal took as long as a lost SYN")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(address, size):
    """One ICMP echo with so many octets; large ones travel in fragments both ways."""
    v6 = ":" in address
    payload = pattern(77, int(size))
    ident = os.getpid() & 0xffff
    head = struct.pack(">BBHHH", 128 if v6 else 8, 0, 0, ident, 1)
    if not v6:
        head = struct.pack(">BBHHH", 8, 0, checksum(head + payload), ident, 1)
    s = socket.socket(family_of(address), socket.SOCK_RAW,
                      socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.settimeout(3)
    s.sendto(head + payload, (address, 0))
    while True:
        answer = s.recv(1 << 17)
        if not v6:
            answer = answer[(answer[0] & 15) * 4:]
        kind, _, _, got, _ = struct.unpack(">BBHHH", answer[:8])
        if kind == (129 if v6 else 0) and got == ident:
            break
    check(answer[8:] == payload, f"{len(answer) - 8} octets of {size}, or other ones")


def datagrams(address, size):
    """UDP datagrams, also in fragments, come back whole."""
    s = socket.socket(family_of(address), socket.SOCK_DGRAM)
    s.settimeout(3)
    s.connect((address, PORT))
    for n in range(20):
        data = pattern(n, int(size))
        s.send(data)
        check(s.recv(1 << 17) == data, "another datagram")


def keep_sending(address):
    """Sends until it is killed: the victim of `killed`."""
    s = connect(address)
    while True:
        s.sendall(BLOCK)


def killed(address):
    """A client is killed in the middle; the kernel resets its connection."""
    victim = subprocess.Popen([sys.executable, __file__, "keep_sending", address])
    time.sleep(0.5)
    check(victim.poll() is None, "the victim ended by itself")
    victim.send_signal(signal.SIGKILL)
    victim.wait()


def reset(address, count):
    """Connections that the client aborts (RST) with data on the way."""
    for n in range(int(count)):
        s = connect(address)
        s.send(pattern(n, 3000))
        if n % 2:
            s.recv(100)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def syn(source, port, to):
    """A TCP SYN in an IPv4 packet, for a raw socket that fills in the IP checksum."""
    tcp = struct.pack(">HHIIBBHHH", port, PORT, RANDOM.getrandbits(32), 0, 5 << 4, 2, 64240, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(to) + struct.pack(">BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                     socket.inet_aton(source), socket.inet_aton(to))
    return ip + tcp


def syn_flood(address, count):
    """SYNs from hosts that do not exist; in the middle and after it a client is served."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in range(int(count)):
        source = f"10.7.{RANDOM.randrange(1, 255)}.{RANDOM.randrange(1, 255)}"
        s.sendto(syn(source, RANDOM.randrange(1024, 65536), address), (address, 0))
        if n % 1000 == 999:
            transfer(address, 0.1)


def read_to_end(s):
    octets = 0
    while chunk := s.recv(1 << 16):
        octets += len(chunk)
    return octets


def server_closes(address, pid):
    """The server is told to end: its FIN comes first, the client's answer is still taken."""
    s = connect(address)
    s.sendall(b"one")
    check(s.recv(10) == b"one", "no echo")
    os.kill(int(pid), signal.SIGINT)
    check(s.recv(10) == b"", "no FIN after the signal")
    s.sendall(b"two, after the server's FIN")
    time.sleep(0.2)
    s.close()


def interrupted(address, pid):
    """The server is told to end in the middle of a transfer: no reset, the stream ends by FIN."""
    s = connect(address)
    stop = threading.Event()

    def send():
        try:
            while not stop.is_set():
                s.sendall(BLOCK[:1 << 16])
            s.shutdown(socket.SHUT_WR)
        except OSError as e:
            stop.error = e

    stop.error = None
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    for _ in range(50):
        check(s.recv(1 << 16), "the server ended early")
    os.kill(int(pid), signal.SIGINT)
    read_to_end(s)
    stop.set()
    sender.join(PATIENCE)
    check(stop.error is None, f"sending: {stop.error}")
    s.close()


def stubborn(address, pid, signals):
    """The client never closes: the server resets it, after its patience or the second signal."""
    s = connect(address)
    s.sendall(b"x")
    check(s.recv(1) == b"x", "no echo")
    begin = time.monotonic()
    for _ in range(int(signals)):
        os.kill(int(pid), signal.SIGINT)
        time.sleep(0.3)
    check(s.recv(1) == b"", "no FIN")
    poll = selectors.DefaultSelector()
    poll.register(s, selectors.EVENT_READ)
    while True:
        try:
            s.send(b"y")
            time.sleep(0.1)
        except (ConnectionResetError, BrokenPipeError):
            break
        check(time.monotonic() - begin < 30, "no reset")
    seconds = time.monotonic() - begin
    check((seconds < 4.5) == (int(signals) > 1), f"reset after {seconds:.1f} s")


def all_reset(address, pid, count):
    """Many clients that never close: the second signal resets each of them."""
    crowd = [connect(address) for _ in range(int(count))]
    for s in crowd:
        s.setblocking(False)
    for wanted in (8, 7), (7,):     # the kernel's TCP_CLOSE_WAIT; TCP_CLOSE at once for the last
        os.kill(int(pid), signal.SIGINT)
        begin = time.monotonic()
        while (left := sum(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in wanted
                           for s in crowd)):
            check(time.monotonic() - begin < 4, f"{left} of {count} are not in state {wanted}")
            time.sleep(0.05)


def rate(address, count):
    """Connections in a row: connect, one octet each way, close."""
    begin = time.monotonic()
    for _ in range(int(count)):
        s = connect(address)
        s.send(b"x")
        check(s.recv(1) == b"x", "no echo")
        s.close()
    print(f"{int(count) / (time.monotonic() - begin):.0f} connections per second")


DEEDS = {f.__name__: f for f in (transfer, steady, half_close, slow_reader, many, crowd, heavy,
                                 refused, ping, datagrams, keep_sending, killed, reset, syn_flood,
                                 server_closes, interrupted, stubborn, all_reset, rate)}


def main(argv):
    if len(argv) < 3 or argv[1] not in DEEDS:
        print(__doc__.strip())
        return 2
    try:
        DEEDS[argv[1]](*argv[2:])
    except (Wrong, OSError) as e:
        print(f"{' '.join(argv[1:])}: {type(e).__name__}: {e} (AKSU_SEED={SEED})")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
