// SPDX-License-Identifier: Apache-2.0
// Tells emcc's linker what the host supplies, so that any other undefined name
// is an error. Not run: src/engine/wasm.ts supplies the real functions.
mergeInto(LibraryManager.library, { ptm_host_read: function () {} })
