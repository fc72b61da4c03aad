#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A file for curl from aksu, and from nginx for aksu; `make run` shows the same with pictures.
#
#   curl, nginx ── kernel ── ak0 ══ aksu listen, connect
#
. "$(dirname "$0")/common"
[ -n "${AKSU_INTEROP_INSIDE:-}" ] || [ -x "$AKSU" ] || cannot "there is no $AKSU"

PATH=$PATH:$root/build/peers/usr/sbin
export PATH
command -v curl >/dev/null || cannot "no curl"
command -v nginx >/dev/null || cannot "no nginx"
file=$(mktemp)
trap 'rm -f "$file"' EXIT
head -c 9000001 /dev/urandom >"$file"
for family in '' --v6; do
	for deed in curl nginx; do
		# shellcheck disable=SC2086
		"$root/tools/carry" --or-skip $family --only $deed "$file"
		code=$?
		[ $code = 77 ] && cannot "see above"
		[ $code = 0 ] || fail "$deed $family"
	done
done
