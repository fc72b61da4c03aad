#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`aksu doctor` tells the truth: as it is here, as an ordinary user, inside namespaces, and with
things forbidden one by one; the line that it recommends works; it changes nothing.

What is forbidden is really so: by setpriv, prlimit, mount and user namespaces of the test's own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

AKSU = os.path.abspath(os.environ.get("AKSU", "build/aksu"))
KINDS = "tun", "tap", "packet"
ECHO = """
import socket, sys, time
for _ in range(100):
    try:
        s = socket.create_connection((sys.argv[1], 7), 2)
        break
    except OSError:
        time.sleep(0.1)
s.sendall(b"are you well?")
s.shutdown(socket.SHUT_WR)
assert s.makefile("rb").read() == b"are you well?"
"""
failures = []


def run(*arguments, **more):
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=100, **more)


def can(*arguments):
    return run(*arguments, "true").returncode == 0


def check(what, truth, *evidence):
    if not truth:
        failures.append(what)
        print(f"FAILED: {what}: {evidence}")


def examine(name, *before):
    """The findings and the verdict of a doctor run behind these words."""
    done = run(*before, AKSU, "doctor", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    check(f"{name}: nothing on standard error", done.stderr == "", done)
    check(f"{name}: a verdict", rows and "works" in rows[-1], done)
    verdict = rows.pop()
    check(f"{name}: exit code", done.returncode == (0 if verdict["command"] else 1), done)
    for row in rows:
        check(f"{name}: {row['check']} says something", row["says"] and row["verdict"] in
              ("ok", "maybe", "no", "info"), row)
    found = {row["check"]: row for row in rows}
    check(f"{name}: every kind of link", all("--link " + k in found for k in KINDS), found)
    return found, verdict


def try_line(name, command):
    """Runs what was recommended, in a namespace that shields the machine, and speaks to it."""
    shield = [] if command.startswith("unshare") else ["unshare", "-n"]
    path = os.environ.get("PATH", "") + ":/sbin:/usr/sbin"
    process = subprocess.Popen([*shield, "sh", "-c", "exec " + command], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, env=dict(os.environ, PATH=path))
    try:
        said = process.stderr.readline()
        check(f"{name}: the line starts", ": ready on" in said, command, said)
        enter = ["nsenter", "-t", str(process.pid), "-n"]
        if not shield:
            enter += ["-U", "--preserve-credentials"]
        done = run(*enter, sys.executable, "-c", ECHO, "10.7.0.2")
        check(f"{name}: the line works", done.returncode == 0, command, done)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def network():
    """What there is, without its counters."""
    with open("/proc/net/dev", encoding="ascii") as file:
        return sorted(line.split(":")[0] for line in file if ":" in line)


def forbidden_by_switch():
    """In a throw-away user namespace that may make no other; then as in a container."""
    prepare = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=%s \"$@\""
    found, verdict = examine("no namespaces", "unshare", "-Urn", "sh", "-c", prepare % "-all", "sh")
    check("no namespaces: said", found["namespaces"]["verdict"] == "no" and
          "user.max_user_namespaces = 0" in found["namespaces"]["says"], found["namespaces"])
    check("no namespaces: the cure", found["namespaces"]["allow"] ==
          "sudo sysctl user.max_user_namespaces=15000", found["namespaces"])
    check("no namespaces: nothing works", not verdict["works"] and not verdict["command"], verdict)
    found, verdict = examine("as in a container", "unshare", "-Urn", "sh", "-c",
                             prepare % "-sys_admin", "sh")
    check("as in a container: packet", found["--link packet"]["verdict"] == "maybe", found)
    check("as in a container: a line that was not tried", verdict["command"] and
          not verdict["works"], verdict)


def with_root():
    """What only root can arrange."""
    found, _ = examine("without CAP_NET_ADMIN", "setpriv", "--bounding-set=-net_admin")
    check("without CAP_NET_ADMIN: said", "no CAP_NET_ADMIN" in found["capabilities"]["says"], found)
    hidden = "mount -t tmpfs none /dev/net && exec \"$@\""
    found, verdict = examine("no device file", "unshare", "-mn", "sh", "-c", hidden, "sh")
    check("no device file: said", found["/dev/net/tun"]["verdict"] == "no" and
          "no device file" in found["/dev/net/tun"]["says"], found)
    check("no device file: tun and tap fail", found["--link tun"]["verdict"] == "no" and
          found["--link tap"]["verdict"] == "no", found)
    check("no device file: packet is left", "packet:" in (verdict["command"] or ""), verdict)
    off = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec \"$@\""
    found, _ = examine("no IPv6", "unshare", "-n", "sh", "-c", off, "sh")
    check("no IPv6: said", found["IPv6"]["allow"] ==
          "sudo sysctl net.ipv6.conf.all.disable_ipv6=0", found)
    taken = "ip link add ak0 type veth && ip addr add 10.7.0.9/24 dev ak0 && exec \"$@\""
    _, verdict = examine("names taken", "unshare", "-n", "sh", "-c", taken, "sh")
    check("names taken: others are chosen", "ak2" in verdict["command"] and
          "10.8.0.2/24" in verdict["command"], verdict)


def ordinary(where):
    """As a user who owns nothing: the program must be readable to him."""
    copy = os.path.join(where, "aksu")
    shutil.copy(AKSU, copy)
    os.chmod(where, 0o755)
    os.chmod(copy, 0o755)
    done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy, "doctor")
    check("ordinary user", done.returncode in (0, 1) and not done.stderr and
          "as user 65534" in done.stdout and "no CAP_NET_ADMIN" in done.stdout, done)
    if not os.stat("/dev/net/tun").st_mode & 0o002:
        check("ordinary user: the device", "user 65534 may not open it" in done.stdout and
              "sudo chmod 0666 /dev/net/tun" in done.stdout, done)


def arguments():
    for words, line in (["x"], "'x' is too much"), (["--all"], "no option --all"):
        done = run(AKSU, "doctor", *words)
        check(f"doctor {words}", done.returncode == 2 and not done.stdout and line in done.stderr
              and done.stderr.count("\n") == 1, done)
    done = run(AKSU, "doctor", "--help")
    lines = done.stdout.split("\n")
    check("--help fits a screen", done.returncode == 0 and len(lines) <= 24
          and max(map(len, lines)) <= 80 and "  aksu doctor" in done.stdout.split("examples:")[-1],
          done)


def main():
    if not os.access(AKSU, os.X_OK):
        print(f"SKIPPED: NOTHING IS TESTED HERE: there is no {AKSU}")
        return 77
    where = tempfile.mkdtemp()
    os.environ["AKSU_RUNTIME_DIR"] = os.path.join(where, "run")
    before = network()
    started = time.time()
    arguments()
    found, verdict = examine("here")
    check("nothing is made", os.listdir(where) == [], os.listdir(where))
    if not os.path.exists("/dev/net/tun"):
        check("here: no device file", found["/dev/net/tun"]["verdict"] == "no", found)
    if verdict["works"]:
        try_line("here", verdict["command"])
    root = os.geteuid() == 0 and can("unshare", "-mn")
    if can("unshare", "-Urn"):
        found, _ = examine("in namespaces", "unshare", "-Urn")
        check("in namespaces: packet works where we are", "where you are" in
              found["--link packet"]["says"], found)
        forbidden_by_switch()
    else:
        check("here: no namespaces", root or found["namespaces"]["verdict"] == "no", found)
        print("SKIPPED: no user namespaces: what is forbidden in them is not tested")
    found, _ = examine("few descriptors", "prlimit", "--nofile=16")
    check("few descriptors: said", found["descriptors"]["verdict"] == "no", found)
    if root:
        with_root()
        ordinary(where)
    else:
        print("SKIPPED: not root: what only root can forbid is not tested")
    full = run("sh", "-c", f"exec {AKSU} doctor >/dev/full")
    check("a full disk", full.returncode == 1, full)
    check("nothing is left: interfaces", network() == before, before, network())
    left = run("pgrep", "-f", "-P", str(os.getpid()), "aksu")
    check("nothing is left: processes", not left.stdout.strip(), left)
    shutil.rmtree(where)
    print(f"{len(failures)} failed, {time.time() - started:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
