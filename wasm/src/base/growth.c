/* SPDX-License-Identifier: Apache-2.0 */
/* How WebAssembly's memory grows. Each growth makes V8 collect garbage, which in
 * steps of 64 KB, what is missing at a time, took a fifth of a decode's CPU time. */
#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define AHEAD_BYTES (8u << 20)

/* The linker puts __wrap_ in emscripten's place, which is __real_ (--wrap): makes the memory at least `size` bytes long; returns whether it could. */
int __real_emscripten_resize_heap(size_t size);
int __wrap_emscripten_resize_heap(size_t size);

int __wrap_emscripten_resize_heap(size_t size)
{
	return (size <= SIZE_MAX - AHEAD_BYTES && __real_emscripten_resize_heap(size + AHEAD_BYTES)) || __real_emscripten_resize_heap(size);
}
#else
typedef int ptm_growth_is_of_wasm;
#endif
