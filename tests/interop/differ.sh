#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The same sequences of segments and calls to aksu and to the kernel: docs/differential.md.
# AKSU_DIFFER_SEQUENCES says how many.

set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$(dirname "$here")")

python3 -B "$root/tests/differ/differ.py" --held "$root/docs/differential.md"
exec python3 -B "$root/tests/differ/differ.py" --sequences "${AKSU_DIFFER_SEQUENCES:-500}"
