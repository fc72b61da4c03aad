#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/interop/streams.sh over links that lose, double and reorder, both ways, by faults of aksu's
# own. AKSU_INTEROP_BAD_MIB: MiB of each, default 1.
#
FAULTS=${FAULTS:-loss=2%,duplicate=2%,reorder=5%} AKSU_INTEROP_MIB=${AKSU_INTEROP_BAD_MIB:-1}
export FAULTS AKSU_INTEROP_MIB
exec "$(dirname "$0")/streams.sh" "$@"
