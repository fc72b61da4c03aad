#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/wasm-imports finds an import in a module written by hand, and none where there is none."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAGIC = b"\0asm\1\0\0\0"
TYPES = b"\x01\x04\x01\x60\x00\x00"                                   # one type: () -> ()
MEMORY = b"\x02\x0c\x01\x03env\x03mem\x02\x00\x01"                    # env.mem, at least 1 page
FUNCTION = b"\x02\x0c\x01\x03env\x04puts\x00\x00"                     # env.puts of type 0


def check(module):
    with tempfile.NamedTemporaryFile(suffix=".wasm") as f:
        f.write(module)
        f.flush()
        done = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools", "wasm-imports"),
                               f.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stdout


class WasmImports(unittest.TestCase):
    def test_none(self):
        code, out = check(MAGIC + TYPES)
        self.assertEqual(code, 0)
        self.assertIn("no imports", out)

    def test_function_and_memory(self):
        for section, name in ((FUNCTION, "env.puts"), (MEMORY, "env.mem")):
            code, out = check(MAGIC + TYPES + section)
            self.assertEqual(code, 1)
            self.assertIn(f"imports {name}", out)

    def test_something_else_is_not_passed(self):
        self.assertNotEqual(check(b"\x7fELF" + bytes(60))[0], 0)


if __name__ == "__main__":
    unittest.main()
