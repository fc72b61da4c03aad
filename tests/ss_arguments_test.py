#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`aksu ss`, `stats` and `stop`: what is wrong is one line and exit code 2, what cannot be done one
line and 1; --help fits a screen; names and directories that are not ours are refused."""
import os
import subprocess
import sys
import tempfile

AKSU = os.environ.get("AKSU", "build/aksu")
CASES = [
    # exit code, arguments, words of the line
    (2, ["ss", "a", "b"], "'b' is too much"),
    (2, ["ss", "-l", "-a"], "--listeners or --all"),
    (2, ["ss", "-x"], "no option -x"),
    (2, ["ss", "--watch"], "no option --watch"),
    (2, ["ss", "../x"], "cannot be a name"),
    (2, ["ss", "x" * 48], "cannot be a name"),
    (2, ["stats", "-l"], "no option -l"),
    (2, ["stop"], "aksu stop NAME"),
    (2, ["stop", "--json", "x"], "no option --json"),
    (1, ["ss"], "no aksu runs here"),
    (1, ["ss", "-l", "--json", "echo-1"], "no aksu runs here"),
    (1, ["stats"], "no aksu runs here"),
    (1, ["stop", "echo-1"], "no aksu runs here"),
    (2, ["echo", "--name", "a b", "--link", "tun:ak0"], "--name: 'a b' cannot be a name"),
]


def run(*arguments, **more):
    return subprocess.run([AKSU, *arguments], stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def main():
    if not os.access(AKSU, os.X_OK):
        print(f"SKIPPED: NOTHING IS TESTED HERE: there is no {AKSU}")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as where:
        empty = dict(os.environ, AKSU_RUNTIME_DIR=where + "/run")
        for code, arguments, words in CASES:
            done = run(*arguments, env=empty)
            if (done.returncode != code or done.stdout or done.stderr.count("\n") != 1
                    or words not in done.stderr):
                failed += 1
                print(f"aksu {' '.join(arguments)}: wanted '{words}' and {code}; {done}")
        if os.listdir(where):
            failed += 1
            print(f"whoever only asks makes no directory: {os.listdir(where)}")
    for command in "ss", "stats", "stop":
        done = run(command, "--help")
        lines = done.stdout.rstrip("\n").split("\n")
        if (done.returncode or done.stderr or len(lines) > 24 or max(map(len, lines)) > 80
                or f"  aksu {command}" not in done.stdout.split("examples:")[-1]):
            failed += 1
            print(f"aksu {command} --help: more than a screen, or no examples: {done.stdout}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
