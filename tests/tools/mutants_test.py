#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of planted mutations is fresh: tools/mutants -n. `make mutants` plants them."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.exit(subprocess.call([sys.executable, "-B", os.path.join(ROOT, "tools", "mutants"), "-n"]))
