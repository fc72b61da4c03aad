#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/commands.md and the helps agree: every command and every option of a help stands in its
section, and every option of a section is known to its command."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AKSU = os.environ.get("AKSU", os.path.join(ROOT, "build", "aksu"))
SHARED = "Options of every command with a stack"
OPTION = re.compile(r"--[a-z][a-z0-9-]*")


def help_of(*words):
    return subprocess.run([AKSU, *words, "--help"], stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, text=True, check=True).stdout


def main():
    if not os.access(AKSU, os.X_OK):
        print(f"SKIPPED: NOTHING IS TESTED HERE: there is no {AKSU}")
        return 77
    with open(os.path.join(ROOT, "docs", "commands.md"), encoding="utf-8") as file:
        parts = re.split(r"^## (.*)\n", file.read(), flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    wrong = []
    commands = re.findall(r"^  ([a-z]+) ", help_of().split("aksu COMMAND --help")[0], re.M)
    documented = [m.group(1) for m in map(re.compile(r"`aksu ([a-z]+)`").fullmatch, sections) if m]
    if sorted(commands) != sorted(documented):
        wrong.append(f"commands: {sorted(commands)}, documented: {sorted(documented)}")
    shared = set(OPTION.findall(sections[SHARED]))
    for command in set(commands) & set(documented):
        has = set(OPTION.findall(help_of(command)))
        said = set(OPTION.findall(sections[f"`aksu {command}`"]))
        if "--link" in has and command != "doctor":
            wrong += [f"{command} has no {o}, of the shared options" for o in shared - has]
            said |= shared
        wrong += [f"{command}: {o} is not in docs/commands.md" for o in has - said]
        wrong += [f"{command}: there is no {o}" for o in said - has
                  if (command, o) != ("doctor", "--link")]
    print("\n".join(wrong) or f"{len(commands)} commands, {len(shared)} shared options")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
