#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/requirements.md is up to date, and no row of it is empty: tools/reqs --check."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.exit(subprocess.call([sys.executable, "-B", os.path.join(ROOT, "tools", "reqs"), "--check"]))
