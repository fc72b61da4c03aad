#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `aksu connect` typed at: lines go and come, Ctrl-D ends our way only, Ctrl-C closes, and the
# terminal's descriptors, which the shell has too, are left as they are.
#
#   Python, holding the terminal and the peer 10.7.0.1:8000 ── ak0 ══ aksu connect on the terminal
#
. "$(dirname "$0")/common"
enter_namespace "$@"

make_link
# shellcheck disable=SC2086
python3 - "$AKSU" connect $LINK_BOTH $V4_HOST 8000 <<'END' || fail "on a terminal"
import fcntl, os, pty, select, signal, socket, subprocess, sys

PATIENCE = 30                       # seconds without anything: it hangs
listener = socket.create_server(("10.7.0.1", 8000))
listener.settimeout(PATIENCE)


def begin():
    master, slave = pty.openpty()
    aksu = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave,
                            start_new_session=True,
                            preexec_fn=lambda: fcntl.ioctl(0, 0x540e, 0))    # TIOCSCTTY
    peer, _ = listener.accept()
    peer.settimeout(PATIENCE)
    see(master, b"connected to 10.7.0.1 port 8000")    # said on terminals only
    return master, slave, aksu, peer


def see(master, words):
    seen = b""
    while words not in seen:
        assert select.select([master], [], [], PATIENCE)[0], seen
        seen += os.read(master, 4096)


master, slave, aksu, peer = begin()
os.write(master, b"typed\n")
assert peer.recv(100) == b"typed\n"
peer.sendall(b"an answer\n")
see(master, b"an answer")
assert not fcntl.fcntl(slave, fcntl.F_GETFL) & os.O_NONBLOCK, "the terminal was changed"
os.write(master, b"\x04")           # Ctrl-D
assert peer.recv(100) == b"", "no FIN after Ctrl-D"
peer.sendall(b"more, after your end\n")
see(master, b"more, after your end")
peer.close()
assert aksu.wait(PATIENCE) == 0, aksu.returncode

master, slave, aksu, peer = begin()
os.write(master, b"\x03")           # Ctrl-C
see(master, b"closing 1 connection; Ctrl-C again resets it")
assert peer.recv(100) == b"", "no FIN after Ctrl-C"
peer.close()
assert aksu.wait(PATIENCE) == 0, aksu.returncode
END
