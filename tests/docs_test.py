#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents say is so: what they quote as output is printed, what they name exists.

Usage: tests/docs_test.py [--update]     (AKSU names the command, AKSU_BUILD the build)

- a code block that begins with "$ aksu ..." is the beginning of what that command prints;
- README's C code stands, line for line, in the example that it is said to come from;
- examples/NAME.c prints examples/NAME.out, and is short;
- files, functions and make targets that are named exist; a DEPARTS: comment has its entry.

--update writes the quoted output and examples/*.out anew: look at the difference.
"""
import os
import re
import shlex
import subprocess
import sys
import textwrap
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("AKSU_BUILD", os.path.join(ROOT, "build"))
AKSU = os.environ.get("AKSU", os.path.join(BUILD, "aksu"))
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
LINES_MAX = 80                         # of an example: it is to be read at a sitting

DOCUMENTS = sorted(
    [name for name in os.listdir(ROOT) if name.endswith(".md")] +
    ["docs/" + name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".md")])
# a file of ours in backticks or as a link; a pattern (tests/script/*) is not a file
OUR_PATH = re.compile(r"(?:src|include|docs|tests|tools|examples|bench|fuzz|cmake)/[\w./-]*\w")
IN_A_ROOM = re.compile(r"(?:base|wire|tcp|ip|link|stack|socket|sim|trace|port|cli)/[\w/]+\.[ch]")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def run(arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=100, env=ENVIRONMENT)
    return done.returncode, done.stdout.decode("utf-8")


def blocks(text, language):
    """The code blocks of a document: (paragraph before the block, lines of the block)."""
    found, before, lines = [], [], None
    for line in text.splitlines():
        if lines is None and line.startswith("```"):
            lines, is_wanted = [], line == "```" + language
        elif lines is not None and line == "```":
            if is_wanted:
                found.append((" ".join(before).rstrip().split("   ")[-1], lines))
            before, lines = [], None
        elif lines is not None:
            lines.append(line)
        else:
            before.append(line or "  ")
    return found


def defined_names(source):
    """What a C file defines or declares: functions, types, macros, constants, fields."""
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"/\*.*?\*/", " ", source, flags=re.S)))


class Quotations(unittest.TestCase):
    def test_commands_print_what_is_quoted(self):
        quoted = 0
        for document in DOCUMENTS:
            for _, lines in blocks(read(document), ""):
                if not lines or not re.match(r"\$ (build/)?aksu ", lines[0]):
                    continue
                quoted += 1
                if not os.access(AKSU, os.X_OK):
                    self.skipTest(f"no {AKSU}")
                code, out = run([AKSU, *shlex.split(lines[0])[2:]])
                with self.subTest(document=document, command=lines[0]):
                    self.assertEqual(code, 0)
                    self.assertEqual(out.splitlines()[:len(lines) - 1], lines[1:])
        self.assertGreaterEqual(quoted, 5, "the two READMEs show ladders")

    def test_c_code_stands_in_an_example(self):
        found = 0
        for document in DOCUMENTS:
            if document == "docs/congestion-control.md":
                continue  # a whole file: test_the_congestion_control_shown_is_the_one_compiled
            for before, lines in blocks(read(document), "c"):
                where = re.search(r"\((examples/\w+\.c)\)", before)
                self.assertTrue(where, f"{document}: C code is introduced by a link to its source")
                code = textwrap.dedent(read(where.group(1)).expandtabs(8))
                wanted = "\n".join(lines).expandtabs(8)
                indents = {len(line) - len(line.lstrip()) for line in code.splitlines() if line}
                self.assertTrue(any(textwrap.indent(wanted, " " * n) in code for n in indents),
                                f"{document}: this is not in {where.group(1)}:\n{wanted}")
                self.assertLessEqual(len(lines), 12)
                found += 1
        self.assertGreaterEqual(found, 1)


class Examples(unittest.TestCase):
    def test_they_print_what_is_written_beside_them(self):
        names = sorted(f[:-2] for f in os.listdir(os.path.join(ROOT, "examples"))
                       if f.endswith(".c"))
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            with self.subTest(example=name):
                code, out = run([os.path.join(BUILD, "examples", name)])
                self.assertEqual(code, 0)
                self.assertEqual(out, read(f"examples/{name}.out"))
                self.assertLessEqual(len(read(f"examples/{name}.c").splitlines()), LINES_MAX)


class Names(unittest.TestCase):
    def test_files_exist(self):
        for document in DOCUMENTS:
            text = read(document)
            quoted = re.findall(r"`([^`\n]*)`", text)
            named = {p for p in quoted if OUR_PATH.fullmatch(p)}
            named |= {"src/" + p for p in quoted if IN_A_ROOM.fullmatch(p)}
            here = os.path.dirname(document)
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
                if "://" not in link:
                    named.add(os.path.normpath(os.path.join(here, link)))
            for path in sorted(named):
                with self.subTest(document=document, path=path):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, path)))

    def test_names_stand_in_the_files_beside_them(self):
        """In a row of a table, or in a part of a sentence: name() of the file beside it."""
        checked = 0
        for document in ("docs/reading-order.md",):
            rows = re.split(r"\n(?=\||\n)", read(document))
            parts = [p for row in rows for p in ([row] if row[:1] == "|" else row.split(";"))]
            for part in parts:
                files = re.findall(r"`(src/[\w./]+\.[ch])`", part)
                names = re.findall(r"`([a-z_]\w*)\(\)`", part) + \
                    re.findall(r"`([A-Za-z_]\w+)`", part)
                names = [n for n in names if "." not in n and "/" not in n]
                if not files:
                    continue
                known = set().union(*(defined_names(read(f)) for f in files))
                for name in names:
                    with self.subTest(document=document, name=name):
                        self.assertTrue(name in known, f"not in {files}")
                        checked += 1
        self.assertGreaterEqual(checked, 30)

    def test_departures_are_where_they_are_said_to_be(self):
        text = " ".join(read("docs/departures.md").split())
        places = re.findall(r"`(src/[\w./]+\.[ch])`((?:,? `\w+`)+)", text)
        self.assertGreaterEqual(len(places), 50)
        for path, names in places:
            known = defined_names(read(path))
            for name in re.findall(r"\w+", names):
                with self.subTest(path=path, name=name):
                    self.assertTrue(name in known, "no such name there")

    def test_each_departs_comment_has_its_entry(self):
        text = " ".join(read("docs/departures.md").split())
        for directory, _, files in os.walk(os.path.join(ROOT, "src")):
            for name in files:
                path = os.path.relpath(os.path.join(directory, name), ROOT)
                if not name.endswith((".c", ".h")):
                    continue
                source = read(path)
                for m in re.finditer(r"DEPARTS:", source):
                    inside = source[:m.start()].rpartition("\n")[2].startswith("\t")
                    heads = re.compile(r"^[\w *]*?\b(\w+)\(", re.M)
                    name = heads.findall(source[:m.start()])[-1] if inside else \
                        heads.search(source, m.end()).group(1)
                    with self.subTest(path=path, name=name):
                        entry = re.search(rf"`{re.escape(path)}`(?:,? `\w+`)*?,? `{name}`", text)
                        self.assertTrue(entry, "docs/departures.md says nothing of it")

    def test_the_congestion_control_shown_is_the_one_compiled(self):
        shown = re.findall(r"```c\n(.*?)```\n", read("docs/congestion-control.md"), re.S)
        self.assertEqual(shown, [read("tests/support/cc_calm.c")])

    def test_make_targets_exist(self):
        targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
        for document in DOCUMENTS:
            named = set(re.findall(r"(?:`|^)make ([a-z]+)", read(document), re.M))
            with self.subTest(document=document):
                self.assertLessEqual(named, targets)


def update():
    quoted = re.compile(r"^```\n(\$ (?:build/)?aksu [^\n]*)\n.*?^```$", re.M | re.S)
    for document in DOCUMENTS:
        old = read(document)
        new = quoted.sub(lambda m: "```\n{}\n{}\n```".format(m.group(1), run(
            [AKSU, *shlex.split(m.group(1))[2:]])[1].split("\n\n")[0].rstrip()), old)
        if new != old:
            with open(os.path.join(ROOT, document), "w", encoding="utf-8") as f:
                f.write(new)
    for name in os.listdir(os.path.join(ROOT, "examples")):
        if name.endswith(".c"):
            with open(os.path.join(ROOT, "examples", name[:-2] + ".out"), "w") as f:
                f.write(run([os.path.join(BUILD, "examples", name[:-2])])[1])


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        unittest.main()
