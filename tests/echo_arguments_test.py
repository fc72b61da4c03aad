#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad arguments of `aksu echo` get one line that says what is wrong and what would be right, and
exit code 2; --help fits a screen and ends in examples."""
import os
import subprocess
import sys

AKSU = os.environ.get("AKSU", "build/aksu")
GOOD = ["--link", "tun:ak0", "--addr", "10.7.0.2/24"]
BAD = [
    # arguments, words of the line
    ([], "--link tun:ak0"),
    (["--link", "ak0"], "tun:NAME"),
    (["--link", "tap:ak0"], "tun:NAME"),
    (["--link", "tun:"], "tun:ak0"),
    (["--link"], "--link needs a value"),
    (["--link", "tun:ak0"], "--addr 10.7.0.2/24"),
    (["--link", "tun:ak0", "--addr", "10.7.0.2"], "10.7.0.2/24"),
    (["--link", "tun:ak0", "--addr", "10.7.0.2/33"], "from 0 to 32"),
    (["--link", "tun:ak0", "--addr", "fd07::2/129"], "from 0 to 128"),
    (["--link", "tun:ak0", "--addr", "10.7.0/24"], "not an address"),
    ([*GOOD, "--host", "10.8.0.1/24"], "--host 10.7.0.1/24"),
    ([*GOOD, "--host", "10.7.0.2/24"], "same address"),
    ([*GOOD, "--host", "fd07::1/64"], "no --addr lies in the network"),
    ([*GOOD, "--port", "0"], "from 1 to 65535"),
    ([*GOOD, "--port", "seven"], "from 1 to 65535"),
    ([*GOOD, "--mtu", "1400"], "--host"),
    ([*GOOD, "--mtu", "67", "--host", "10.7.0.1/24"], "from 68 to 65535"),
    ([*GOOD, "--gw", "router"], "not an address"),
    ([*GOOD, "--budget", "0"], "from 1"),
    ([*GOOD, "--events", "xml"], "json"),
    ([*GOOD, "--events", "json", "--trace"], "one of them"),
    ([*GOOD, "--faults", "noise=1%"], "loss, reorder"),
    ([*GOOD, "--seed", "x"], "not a number"),
    ([*GOOD, "--colour"], "no option --colour"),
    ([*GOOD, "-x"], "no option -x"),
    ([*GOOD, "extra"], "'extra'"),
    ([*GOOD, *(["--addr", "10.7.0.3/24"] * 8)], "more than 8 times"),
]


def run(*arguments):
    return subprocess.run([AKSU, "echo", *arguments], stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main():
    failed = 0
    if not os.access(AKSU, os.X_OK):
        print(f"SKIPPED: NOTHING IS TESTED HERE: there is no {AKSU}")
        return 77
    for arguments, words in BAD:
        done = run(*arguments)
        if (done.returncode != 2 or done.stdout or done.stderr.count("\n") != 1
                or not done.stderr.startswith("aksu echo: ") or words not in done.stderr):
            failed += 1
            print(f"aksu echo {' '.join(arguments)}: wanted '{words}' and 2; {done}")
    for arguments, words in [(["--link", "tun:a/b", "--addr", "10.7.0.2/24"], "name an interface"),
                             ([*GOOD, "--pcap", "/nowhere/x.pcapng"], "cannot write /nowhere")]:
        done = run(*arguments)
        if done.returncode != 1 or done.stderr.count("\n") != 1 or words not in done.stderr:
            failed += 1
            print(f"aksu echo {' '.join(arguments)}: wanted '{words}' and 1; {done}")
    done = run("--help")
    lines = done.stdout.rstrip("\n").split("\n")
    if (done.returncode != 0 or done.stderr or len(lines) > 32 or max(map(len, lines)) > 80
            or not lines[-1].startswith("  aksu echo ")):
        failed += 1
        print(f"aksu echo --help: more than a screen, or no examples at its end: {done}")
    print(f"{len(BAD) + 3 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
