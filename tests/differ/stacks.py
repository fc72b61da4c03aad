# SPDX-License-Identifier: MIT
"""The two stacks that are compared: Linux's, over a TUN device, and aksu's, in this process.

Both have the same three verbs: inject() a packet, drain() what was answered at once, call() of the
socket API, whose answer is a number, octets, or the name of an error. aksu is reached by the table
that packetdrill-aksu.so fills in (tests/packetdrill/table.h), on a clock that stands still; the
kernel answers within the write to the device, so that no one waits for anything.
"""
import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess

LOCAL = "10.9.0.1"
LOCAL_OCTETS = socket.inet_aton(LOCAL)

# What is otherwise drawn by the kernel's clock, or depends on what went before.
SYSCTLS = {
    "tcp_invalid_ratelimit": 0,        # answer each segment outside the window
    "tcp_challenge_ack_limit": 2**31 - 1,
    "tcp_early_retrans": 0,            # no tail loss probes: round trips are microseconds here
    "tcp_ecn": 0,
    "tcp_rfc1337": 1,                  # a reset does not end TIME-WAIT
    "tcp_tso_win_divisor": 100,        # no waiting for a larger burst
    "tcp_no_metrics_save": 1,
    "tcp_autocorking": 0,
    "tcp_max_syn_backlog": 4096,
    "tcp_syncookies": 0,
}


def name_of(error):
    return errno.errorcode.get(error, str(error))


class Kernel:
    """Linux, in a network namespace that the caller has made."""
    name = "Linux"

    def __init__(self):
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        tun_set_iff, iff_tun_no_pi = 0x400454ca, 0x1001
        fcntl.ioctl(self.tun, tun_set_iff, struct.pack("16sH22x", b"differ", iff_tun_no_pi))
        for command in (f"addr add {LOCAL}/16 dev differ", "link set differ up",
                        "route replace 10.9.0.0/16 dev differ quickack 1"):
            subprocess.run(["ip"] + command.split(), check=True)
        for name, value in SYSCTLS.items():
            try:
                with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as f:
                    f.write(str(value))
            except FileNotFoundError:
                pass  # a kernel without it does not do it
        self.sockets = {}

    def begin(self):
        """Forgets what was before."""
        self.end()
        self.drain()

    def end(self):
        for s in self.sockets.values():
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
            s.close()
        self.sockets = {}

    def inject(self, packet):
        os.write(self.tun, packet)

    def drain(self):
        out = []
        while True:
            try:
                out.append(os.read(self.tun, 65536))
            except BlockingIOError:
                return out

    def call(self, name, *args):
        try:
            return getattr(self, "_" + name)(*args)
        except OSError as e:
            return name_of(e.errno)
        except KeyError:
            return "EBADF"

    def _socket(self, who):
        s = self.sockets[who] = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)  # RFC 6093 3.1, as aksu always
        return 0

    def _bind(self, who, port):
        self.sockets[who].bind((LOCAL, port))
        return 0

    def _listen(self, who, backlog):
        self.sockets[who].listen(backlog)
        return 0

    def _accept(self, who, new):
        s, _ = self.sockets[who].accept()
        s.setblocking(False)
        self.sockets[new] = s
        return 0

    def _connect(self, who, address, port):
        self.sockets[who].connect((socket.inet_ntoa(address), port))
        return 0

    def _send(self, who, octets):
        return self.sockets[who].send(octets, socket.MSG_NOSIGNAL)

    def _recv(self, who, n):
        return self.sockets[who].recv(n)

    def _shutdown(self, who, how):
        self.sockets[who].shutdown(how)
        return 0

    def _close(self, who):
        self.sockets.pop(who).close()
        return 0

    def _set(self, who, level, option, value):
        self.sockets[who].setsockopt(level, option, value)
        return 0

    def _error(self, who):
        e = self.sockets[who].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return name_of(e) if e else 0


class Aksu:
    """aksu, by the table of packetdrill-aksu.so: a new instance for each sequence."""
    name = "aksu"
    SLOTS = ("us free socket bind listen accept connect read readv recv recvfrom recvmsg "
             "write writev send sendto sendmsg fcntl ioctl close shutdown getsockopt "
             "setsockopt poll packet_in packet_out usleep gettimeofday epoll_create "
             "epoll_ctl epoll_wait pipe splice").split()

    def __init__(self, path):
        self.so = ctypes.CDLL(path, use_errno=True)
        self.table = (ctypes.c_void_p * len(self.SLOTS))()
        self.take_now = self.so.packetdrill_take_now
        self.take_now.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        self.take_now.restype = ctypes.c_size_t
        self.packet = ctypes.create_string_buffer(65536)
        self.fds = {}
        self.running = False

    def begin(self):
        self.end()
        flags = f"local={LOCAL},rcvbuf=65535".encode()
        self.so.packetdrill_interface_init(flags, ctypes.byref(self.table))
        self.running = True
        kind = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, use_errno=True)
        self.slots = {name: ctypes.cast(self.table[i], kind)
                      for i, name in enumerate(self.SLOTS) if i}

    def end(self):
        if self.running:
            self.slots["free"](self.table[0])
        self.running = False
        self.fds = {}

    def inject(self, packet):
        self._slot("packet_in", packet, ctypes.c_size_t(len(packet)))

    def drain(self):
        out = []
        while True:
            n = self.take_now(self.table[0], self.packet, len(self.packet))
            if n == 0:
                return out
            out.append(self.packet.raw[:n])

    def call(self, name, *args):
        try:
            return getattr(self, "_" + name)(*args)
        except KeyError:
            return "EBADF"

    def _slot(self, name, *args):
        """An int, cut to 32 bits where the slot returns one; the name of an error."""
        f = self.slots[name]
        r = f(self.table[0], *args)
        r = ctypes.c_int(r).value if name not in ("read", "send") else r
        return name_of(ctypes.get_errno()) if r == -1 else r

    @staticmethod
    def _address(address, port):
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + address + bytes(8)

    def _socket(self, who):
        kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
        self.fds[who] = self._slot("socket", int(socket.AF_INET), int(kind), 0)
        # as the route's attribute does for the kernel: acknowledge at once
        return self._set(who, socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _bind(self, who, port):
        return self._slot("bind", self.fds[who], self._address(LOCAL_OCTETS, port), 16)

    def _listen(self, who, backlog):
        return self._slot("listen", self.fds[who], backlog)

    def _accept(self, who, new):
        r = self._slot("accept", self.fds[who], None, None)
        if not isinstance(r, int):
            return r
        self.fds[new] = r
        return min(0, self._slot("fcntl", r, fcntl.F_SETFL, os.O_NONBLOCK))

    def _connect(self, who, address, port):
        return self._slot("connect", self.fds[who], self._address(address, port), 16)

    def _send(self, who, octets):
        return self._slot("send", self.fds[who], octets, ctypes.c_size_t(len(octets)), 0)

    def _recv(self, who, n):
        buffer = ctypes.create_string_buffer(n)
        r = self._slot("read", self.fds[who], buffer, ctypes.c_size_t(n))
        return buffer.raw[:r] if isinstance(r, int) else r

    def _shutdown(self, who, how):
        return self._slot("shutdown", self.fds[who], how)

    def _close(self, who):
        return self._slot("close", self.fds.pop(who))

    def _set(self, who, level, option, value):
        octets = value if isinstance(value, bytes) else struct.pack("i", value)
        return self._slot("setsockopt", self.fds[who], level, option, octets, len(octets))

    def _error(self, who):
        value, n = ctypes.c_int(0), ctypes.c_int(4)
        r = self._slot("getsockopt", self.fds[who], socket.SOL_SOCKET, socket.SO_ERROR,
                       ctypes.byref(value), ctypes.byref(n))
        return r if r else name_of(value.value) if value.value else 0
