/* SPDX-License-Identifier: Apache-2.0 */
/* How WebAssembly's memory grows. Each growth makes V8 collect garbage, which in
 * steps of 64 KB, what is missing at a time, took a fifth of a decode's CPU time.
 * And how realloc moves what does not fit any more: emscripten's memcpy goes word
 * by word where it is not told that it may use memory.copy. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __wasm__
#define AHEAD_BYTES (8u << 20)

/* The linker puts __wrap_ in emscripten's place, which is __real_ (--wrap): makes the memory at least `size` bytes long; returns whether it could. */
int __real_emscripten_resize_heap(size_t size);
int __wrap_emscripten_resize_heap(size_t size);

int __wrap_emscripten_resize_heap(size_t size)
{
	return (size <= SIZE_MAX - AHEAD_BYTES && __real_emscripten_resize_heap(size + AHEAD_BYTES)) || __real_emscripten_resize_heap(size);
}

/* Below so many bytes the call that memory.copy is costs more than a loop. */
#define FEW_BYTES 128

__attribute__((used, no_builtin("memcpy"))) void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	uint8_t *into = to;
	const uint8_t *out = from;

	if (length >= FEW_BYTES)
		return __builtin_memcpy(to, from, length);
	for (; length >= 8; length -= 8, into += 8, out += 8)
		__builtin_memcpy(into, out, 8);
	for (; length; length--)
		*into++ = *out++;
	return to;
}
#else
typedef int ptm_growth_is_of_wasm;
#endif
