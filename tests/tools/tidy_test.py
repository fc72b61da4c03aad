#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants one violation of each rule into a small clean tree: tidy must catch each, and only it."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIDY = os.path.join(ROOT, "tools", "tidy")
HEAD = "/* SPDX-License-Identifier: MIT */\n"

CLEAN = {
    "include/aksu/aksu.h": "#ifndef AKSU_AKSU_H\n#define AKSU_AKSU_H\n"
                           "#include <stdint.h>\n#endif\n",
    "include/aksu/event.h": "#define AKSU_DROPS(X) \\\n\tX(NONE, 0) \\\n\tX(SYN_QUEUE_FULL, 1)\n",
    "src/base/serial.h": "#include <stdint.h>\n\n"
                         "static inline uint32_t raw(tcp_seq a) { return a.n; }\n",
    "src/wire/tcp.h": '#include "base/serial.h"\n#include <aksu/aksu.h>\n'
                      "struct h { be16 port; };\n",
    "src/tcp/cc.h": "struct cc;\n",
    "src/tcp/cc/newreno.c": '#include "base/serial.h"\n#include "tcp/cc.h"\n',
    "src/tcp/state.c": '#include "wire/tcp.h"\n'
                       "/* malloc() and errno may be spoken of, and \"->state = x\" */\n"
                       "void tcb_set_state(struct tcb *t, int to)\n{\n\tt->state = to;\n}\n"
                       "void tcb_init(struct tcb *t)\n{\n\t*t = (struct tcb){ .state = 1 };\n"
                       "\tif (t->state == 2)\n\t\tt->mem->free(t);\n}\n",
    "src/tcp/state_test.c": '#include "sim/world.h"\n#include <stdlib.h>\n#include <cmocka.h>\n'
                            '/* drop: syn-queue-full */\nint x = 0;\n',
    "src/stack/input.c": '#include "tcp/cc.h"\n#include "link/eth.h"\n'
                         "int f(void)\n{\n\treturn AKSU_DROP_SYN_QUEUE_FULL;\n}\n",
    "src/link/eth.h": "struct eth;\n",
    "src/sim/world.h": '#include "stack/input.h"\n',
    "src/port/loop.c": '#include <errno.h>\n#include "socket/socket.h"\nint g = 0;\n',
    "src/cli/main.c": '#include <stdio.h>\n#include "port/loop.h"\n#include "trace/ladder.h"\n',
    "examples/echo.c": "#include <aksu/aksu.h>\n#include <stdio.h>\n",
    "tests/world_test.c": '#include "stack/input.h"\n#include "port/loop.h"\n',
}
PLAIN = {"tests/script/rfc9293/must_10.seg": "listen\n", "README.md": "As root, run make.\n",
         "fuzz/corpus/tcp/syn_with_mss": "x"}

# rule, file, text put at its end (or the whole, if the file is new)
PLANTED = [
    ("rank", "src/wire/tcp.h", '#include "tcp/tcb.h"\n'),                     # upward
    ("rank", "src/tcp/state.c", '#include "ip/ip.h"\n'),                      # sideways
    ("rank", "src/sim/world.h", '#include "trace/ladder.h"\n'),               # sideways
    ("rank", "src/tcp/cc/newreno.c", '#include "tcp/tcb.h"\n'),
    ("rank", "src/tcp/cc/newreno.c", '#include "wire/tcp.h"\n'),
    ("rank", "src/tcp/state_test.c", '#include "port/loop.h"\n'),
    ("rank", "src/tcp/state_test.c", '#include "cli/options.h"\n'),
    ("rank", "src/stack/input.c", '#include "input.h"\n'),                    # names no room
    ("rank", "src/kitchen/sink.c", '#include "base/serial.h"\n'),             # no room
    ("public", "include/aksu/aksu.h", '#include "base/serial.h"\n'),
    ("public", "examples/echo.c", '#include "tcp/tcb.h"\n'),
    ("include-c", "tests/world_test.c", '#include "stack/input.c"\n'),
    ("waterline", "src/base/serial.h", "#include <string.h>\n"),
    ("waterline", "src/trace/text.c", "#include <stdio.h>\n"),
    ("waterline", "include/aksu/aksu.h", "#include <sys/types.h>\n"),
    ("waterline", "src/stack/input.c", "void *m(void)\n{\n\treturn malloc(1);\n}\n"),
    ("waterline", "src/tcp/state.c", "int e(void)\n{\n\treturn errno;\n}\n"),
    ("waterline", "src/tcp/state.c", "long c(void)\n{\n\treturn time(0);\n}\n"),
    ("waterline", "src/sim/world.c", "void p(void)\n{\n\tprintf(\"x\");\n}\n"),
    ("waterline", "src/tcp/cc/newreno.c", "static const double beta = 1;\n"),
    ("conditional", "src/tcp/state.c", "#ifdef WITH_SACK\n#endif\n"),
    ("state", "src/tcp/input.c", "void f(struct tcb *t)\n{\n\tt->state = 3;\n}\n"),
    ("state", "src/tcp/input.c", "void f(struct box *b)\n{\n\tb->t.state |= 3;\n}\n"),
    ("state", "src/tcp/state.c", "void tcb_set_state(struct tcb *t)\n{\n\tt->state = 3;\n}\n"),
    ("serial", "src/tcp/input.c", "int f(tcp_seq a)\n{\n\treturn a.n > 3;\n}\n"),
    ("byte-order", "src/tcp/input.c", "int f(be32 a);\n"),
    ("byte-order", "src/ip/input.c", "int f(void)\n{\n\treturn ntohl(1);\n}\n"),
    ("default", "src/tcp/input.c",
     "void f(int s)\n{\n\tswitch (s) {\n\tdefault:\n\t\treturn;\n\t}\n}\n"),
    ("goto", "src/tcp/input.c", "void f(void)\n{\nagain:\n\tgoto again;\n}\n"),
    ("dead-code", "src/cli/main.c", "#if 0\n#endif\n"),
    ("spdx", "src/ip/output.c", None),
    ("columns", "src/ip/output.c", "/* " + "w" * 100 + " */\n"),
    ("columns", "src/ip/output.c", "\tX(A, \"" + "w" * 140 + "\")\n"),
    ("blank-end", "src/ip/output.c", "int f(void); \n"),
    ("indent", "src/ip/output.c", "int f(void)\n{\n        return 0;\n}\n"),
    ("unfinished", "src/ip/output.c", "/* TO" + "DO: later */\n"),
    ("unfinished", "README.md", "FIX" + "ME\n"),
    ("banned", "README.md", "See /ho" + "me/someone/aksu.\n"),
    ("banned", "src/ip/output.c", "/* see iss" + "ue 17 */\n"),
    ("name", "fuzz/corpus/tcp/da39a3ee5e6b4b0d3255bfef95601890afd80709", "x"),
    ("name", "tests/script/rfc9293/42.seg", "listen\n"),
]


class Tidy(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        for path, text in CLEAN.items():
            self.write(path, HEAD + text)
        for path, text in PLAIN.items():
            self.write(path, text)

    def tearDown(self):
        self.dir.cleanup()

    def write(self, path, text):
        whole = os.path.join(self.dir.name, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as f:
            f.write(text)

    def tidy(self, *flags):
        done = subprocess.run([sys.executable, "-B", TIDY, *flags, self.dir.name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout.splitlines()

    def test_clean_tree_passes(self):
        code, lines = self.tidy("--quiet", "--strict")
        self.assertEqual((code, len(lines)), (0, 1), "\n".join(lines))

    def test_each_planted_violation_is_caught(self):
        for rule, path, text in PLANTED:
            with self.subTest(rule=rule, path=path, text=text):
                whole = os.path.join(self.dir.name, path)
                before = None
                if os.path.exists(whole):
                    with open(whole, encoding="utf-8") as f:
                        before = f.read()
                start = before or (HEAD if path.endswith((".c", ".h")) else "")
                self.write(path, "int x;\n" if text is None else start + text)
                code, lines = self.tidy("--quiet")
                if before is None:
                    os.remove(whole)
                else:
                    self.write(path, before)
                self.assertEqual(code, 1, "not caught")
                self.assertEqual(len(lines), 2, "\n".join(lines))
                self.assertRegex(lines[0], rf"^{path}:\d+: {rule}: .+; .+")

    def test_unused_drop_reason_is_a_warning_until_strict(self):
        self.write("include/aksu/event.h", HEAD + "#define AKSU_DROPS(X) \\\n\tX(NEVER_SEEN, 1)\n")
        code, lines = self.tidy("--quiet")
        self.assertEqual(code, 0, "\n".join(lines))
        code, lines = self.tidy("--quiet", "--strict")
        self.assertEqual(code, 1)
        self.assertEqual(len([each for each in lines if "NEVER_SEEN" in each]), 2)

    def test_lengths_are_printed_for_information(self):
        _, lines = self.tidy()
        self.assertTrue(any(each.startswith("aksu ") for each in lines))
        self.assertTrue(any(each.startswith("WireGuard") for each in lines))

    def test_unknown_flag_is_refused(self):
        code, _ = self.tidy("--no-such-flag")
        self.assertEqual(code, 2)


if __name__ == "__main__":
    unittest.main()
