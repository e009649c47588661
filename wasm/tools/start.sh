#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `npm start`: installs what is missing, builds the decoder, serves the app.
set -euo pipefail
cd "$(dirname "$0")/../.."
bash wasm/tools/setup.sh start
[ -e src/engine/generated/ptarmigan.wasm ] || echo "start: building the decoder (WebAssembly)"
make -s -C wasm wasm
# Not through npx: it would leave the server alive when it is killed.
exec node_modules/.bin/vite "$@"
