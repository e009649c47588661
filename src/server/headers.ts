// SPDX-License-Identifier: Apache-2.0
// The response headers of the page, in one place: the share server, the
// development server and the preview (vite.config.ts) all send these.

/** Makes the page cross-origin isolated: precise performance.now(), memory measurements. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/**
 * For the page that other tools open and hand a trace to by postMessage:
 * isolation would cut it off from its opener. It decodes as well, with a
 * coarser clock; no part of the decoder needs shared memory.
 */
export const handOver = {
  'Cross-Origin-Opener-Policy': 'unsafe-none',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** Where a page may read traces from by their address (#trace=https://…): any secure host, and this machine. */
export const openUrlSources = ['https:', 'http://localhost:*', 'http://127.0.0.1:*'] as const

/** Nothing but our own files runs; WebAssembly may compile; `connect` beside ourselves may be read from. */
export function contentSecurityPolicy(connect: readonly string[] = openUrlSources): string {
  return [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    ["connect-src 'self' blob:", ...connect].join(' '),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** For every answer. */
export const always = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
} as const

/** For answers that are data: even opened as a page they can do nothing. */
export const inert = {
  ...always,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const
