#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad arguments of the commands with a stack of their own get one line that says what is wrong and
what would be right, and exit code 2; --help fits a screen and ends in examples."""
import os
import subprocess
import sys

AKSU = os.environ.get("AKSU", "build/aksu")
GOOD = ["--link", "tun:ak0", "--addr", "10.7.0.2/24"]
BAD = [
    # arguments, words of the line
    ([], "--link tun:ak0"),
    (["--link", "ak0"], "tun:NAME"),
    (["--link", "tup:ak0"], "packet:NAME"),
    (["--link", "tap:ak0"], "--addr 10.7.0.2/24"),
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
    ([*GOOD, "--link", "tap:ak1"], "on ak1"),
    ([*GOOD, "--link", "tun:ak0", "--addr", "10.8.0.2/24"], "--link ak0 is given twice"),
    (["--link", "tun:ak0", "--addr", "10.7.0.2/32", "--host", "10.7.0.1/24"], "or --gw 10.7.0.1"),
    (["--link", "tun:ak0", "--addr", "fe80::2%ak0/64"], "without %ak0"),
    ([*GOOD, *(["--link", "tap:ak1"] * 4)], "more than 4 times"),
    (["--link", "packet:veth0", "--addr", "10.7.0.2/24", "--host", "10.7.0.1/24"], "another"),
    (["--link", "tun:ak0", "--dhcp"], "not on tun:ak0"),
    (["--link", "tap:ak0", "--dhcp", *(["--addr", "10.7.0.3/24"] * 8)], "one address more"),
    ([*GOOD, "--offload", "maybe"], "neither on nor off"),
    ([*GOOD, "--offload", "on", "--faults", "loss=1%"], "one of them"),
    ([*GOOD, "--log", "loud"], "debug"),
    ([*GOOD, "--trace=1"], "takes no value"),
    ([*GOOD, "--mtu", "67", "--host", "10.7.0.1/24"], "from 68 to 65535"),
    ([*GOOD, "--gw", "router"], "not an address"),
    ([*GOOD, "--budget", "0"], "from 1"),
    ([*GOOD, "--events", "xml"], "json"),
    ([*GOOD, "--events", "json", "--trace"], "one of them"),
    ([*GOOD, "--faults", "noise=1%"], "as these are: rate queue"),
    ([*GOOD, "--seed", "x"], "not a number"),
    ([*GOOD, "--colour"], "no option --colour"),
    ([*GOOD, "-x"], "no option -x"),
    ([*GOOD, *(["--addr", "10.7.0.3/24"] * 8)], "more than 8 times"),
]


WORDS = {"connect": ["10.7.0.1", "80"], "listen": ["7000"]}
BAD_OF = {
    "echo": [([*GOOD, "--port", "0"], "from 1 to 65535"),
             ([*GOOD, "--port", "seven"], "from 1 to 65535"),
             ([*GOOD, "extra"], "'extra'")],
    "discard": [([*GOOD, "extra"], "'extra'")],
    "chargen": [([*GOOD, "--port", "65536"], "from 1 to 65535")],
    "listen": [(GOOD, "on which port?"),
               ([*GOOD, "65536"], "PORT: '65536' is not a number from 0"),
               ([*GOOD, "1", "2"], "'2'")],
    "connect": [(GOOD, "to whom?"),
                ([*GOOD, "10.7.0.1"], "HOST PORT"),
                ([*GOOD, "10.7.0.1", "0"], "PORT: '0' is not a number from 1"),
                ([*GOOD, "10.7.0.1", "80", "81"], "'81'"),
                ([*GOOD, "--timeout", "0", "10.7.0.1", "80"], "--timeout: "),
                ([*GOOD, "--source-port", "x", "10.7.0.1", "80"], "--source-port: ")],
}
# not wrong, and yet it cannot be done
CANNOT = [(["--link", "tun:a/b", "--addr", "10.7.0.2/24"], "name an interface"),
          ([*GOOD, "--pcap", "/nowhere/x.pcapng"], "cannot write /nowhere")]


def run(command, *arguments):
    return subprocess.run([AKSU, command, *arguments], stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fits_a_screen(command, done):
    lines = done.stdout.rstrip("\n").split("\n")
    return (done.returncode == 0 and not done.stderr and len(lines) <= 32
            and max(map(len, lines)) <= 80 and "Exit code: " in done.stdout
            and f"  aksu {command} --link" in done.stdout.split("examples:")[-1])


def main():
    if not os.access(AKSU, os.X_OK):
        print(f"SKIPPED: NOTHING IS TESTED HERE: there is no {AKSU}")
        return 77
    failed = total = 0
    for command, own in BAD_OF.items():
        words = WORDS.get(command, [])
        cases = [(2, [*words, *a], line) for a, line in BAD] + [(2, a, line) for a, line in own]
        cases += [(1, [*words, *a], line) for a, line in CANNOT]
        for code, arguments, line in cases:
            done = run(command, *arguments)
            total += 1
            if (done.returncode != code or done.stdout or done.stderr.count("\n") != 1
                    or not done.stderr.startswith(f"aksu {command}: ") or line not in done.stderr):
                failed += 1
                print(f"aksu {command} {' '.join(arguments)}: wanted '{line}' and {code}; {done}")
        done = run(command, "--help")
        total += 1
        if not fits_a_screen(command, done):
            failed += 1
            print(f"aksu {command} --help: more than a screen, or no examples: {done.stdout}")
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
