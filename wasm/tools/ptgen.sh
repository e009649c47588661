#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints the path of ptgen, the trace generator kept beside the project: $PTGEN,
# or ${PTARMIGAN_SHARED:-../shared}/ptgen built into build/ptgen. Exits 1 when there is none; nothing
# but new fixtures and the widest comparisons needs it.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -n "${PTGEN:-}" ]; then
	echo "$PTGEN"
	exit 0
fi
source=${PTARMIGAN_SHARED:-../shared}/ptgen
[ -d "$source" ] || {
	echo "ptgen.sh: no generator: set PTGEN, or keep its source in $source" >&2
	exit 1
}
for header in Zydis/Zydis.h intel-pt.h zstd.h; do
	[ -e "/usr/include/$header" ] || {
		echo "ptgen.sh: $header is missing: apt-get install libzydis-dev libipt-dev libzstd-dev" >&2
		exit 1
	}
done
if [ ! -x build/ptgen/build/ptgen ]; then
	mkdir -p build/ptgen
	cp "$source"/*.c "$source"/*.h "$source"/Makefile build/ptgen/
	make -s -C build/ptgen -j2 >&2
fi
echo "$PWD/build/ptgen/build/ptgen"
