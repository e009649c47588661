#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `npm start`: installs what is missing, builds what is old, serves the app and
# keeps shares. Options go to `ptarmigan serve`: npm start -- --port 8080
set -euo pipefail
cd "$(dirname "$0")/../.."
bash wasm/tools/setup.sh start
# Not through npx: it would leave the server alive when it is killed.
exec node src/cli/ptarmigan.mjs serve "$@"
