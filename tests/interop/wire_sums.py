# SPDX-License-Identifier: MIT
"""The figures of `aksu wire --json` on standard input: packets that entered a wire were lost or
delivered. `lost`: by chance, in both directions, and some were damaged and doubled where that was
asked for. `mask`: every 64th from A to B, from the 15th on, and none from B to A."""
import json
import sys

LOST = ("lost", "queue_full", "too_big", "no_memory", "dropped_early", "policed")


def main(what):
    ways = json.load(sys.stdin)
    there, back = ways["a_to_b"], ways["b_to_a"]
    for way in (there, back):
        gone = sum(way[key] for key in LOST)
        left = way["sent"] + way["duplicated"] - gone - way["delivered"]
        assert 0 <= left <= 8, f"{left} are neither lost nor delivered, nor on the way"
        assert way["refused"] == 0 and way["missed"] == 0
        assert way["octets"] >= 20 * way["sent"] > 0
    if what == "lost":
        assert there["lost"] > 0 and there["duplicated"] > 0 and there["corrupted"] == 0
        assert back["lost"] > 0 and back["duplicated"] == 0 and back["corrupted"] > 0
    else:
        assert there["lost"] == (there["sent"] + 48) // 64 and back["lost"] == 0
    assert ways["late_us"]["median"] <= ways["late_us"]["p99"] <= ways["late_us"]["max"]


main(sys.argv[1])
