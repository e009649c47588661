// SPDX-License-Identifier: Apache-2.0
// The page's icons as PNG, drawn from the numbers of public/icon.svg (rounded
// rectangles and a circle on a 24 unit grid): browsers that install a page want
// bitmaps. Run by the build; nothing binary is in the project.
import { crc32, deflateSync } from 'node:zlib'

const GRID = 24
const SAMPLES = 4

/** Numbers of an element's attribute. */
const attribute = (element, name, otherwise = 0) => Number(new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1] ?? otherwise)

const colorOf = (svg, tag) => {
  const hex = new RegExp(`^\\s*${tag} \\{ fill: #([0-9a-f]{6}) \\}`, 'm').exec(svg)?.[1]
  if (!hex) throw new Error(`icon.svg gives no colour of ${tag}`)
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16))
}

/** Shapes of the SVG, each with its colour, opacity and whether a point is in it. */
function shapesOf(svg) {
  return [...svg.matchAll(/<(rect|circle) [^>]*>/g)].map(([element, tag]) => {
    const number = (name, otherwise) => attribute(element, name, otherwise)
    const color = colorOf(svg, tag)
    const opacity = number('opacity', 1)
    if (tag === 'circle') {
      const [x, y, r] = ['cx', 'cy', 'r'].map((name) => number(name))
      return { color, opacity, holds: (px, py) => Math.hypot(px - x, py - y) <= r }
    }
    const [x, y, width, height, rx] = ['x', 'y', 'width', 'height', 'rx'].map((name) => number(name))
    const outside = (at, from, size) => Math.max(from + rx - at, at - (from + size - rx), 0)
    return { color, opacity, holds: (px, py) => Math.hypot(outside(px, x, width), outside(py, y, height)) <= rx }
  })
}

/** Adds `color` at `alpha` (0 to 1) over a pixel of RGBA. */
function over(pixels, at, color, alpha) {
  const under = pixels[at + 3] / 255
  const whole = alpha + under * (1 - alpha)
  if (whole === 0) return
  for (let channel = 0; channel < 3; channel++)
    pixels[at + channel] = Math.round((color[channel] * alpha + pixels[at + channel] * under * (1 - alpha)) / whole)
  pixels[at + 3] = Math.round(whole * 255)
}

/** RGBA of `size` squared; `margin` in units of the grid on each side, `ground` a colour or null for none. */
function draw(svg, size, margin, ground) {
  const pixels = new Uint8Array(size * size * 4)
  const scale = (GRID + 2 * margin) / size
  const shapes = shapesOf(svg)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 4
      if (ground) over(pixels, at, ground, 1)
      for (const { color, opacity, holds } of shapes) {
        let inside = 0
        for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
          const px = (x + ((sample % SAMPLES) + 0.5) / SAMPLES) * scale - margin
          const py = (y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) * scale - margin
          if (holds(px, py)) inside++
        }
        if (inside > 0) over(pixels, at, color, (opacity * inside) / (SAMPLES * SAMPLES))
      }
    }
  return pixels
}

function chunk(type, data) {
  const made = Buffer.alloc(12 + data.length)
  made.writeUInt32BE(data.length)
  made.write(type, 4, 'latin1')
  made.set(data, 8)
  made.writeUInt32BE(crc32(made.subarray(4, 8 + data.length)), 8 + data.length)
  return made
}

/** A PNG of 8-bit RGBA, rows not filtered. */
function png(pixels, size) {
  const rows = Buffer.alloc(size * (size * 4 + 1))
  for (let y = 0; y < size; y++) rows.set(pixels.subarray(y * size * 4, (y + 1) * size * 4), y * (size * 4 + 1) + 1)
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 6, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const WHITE = [255, 255, 255]

/** Names and bytes of the icons that manifest.webmanifest and index.html name. */
export function icons(svg) {
  const make = (size, margin, ground) => png(draw(svg, size, margin, ground), size)
  return {
    'icon-192.png': make(192, 0, null),
    'icon-512.png': make(512, 0, null),
    // What a mask leaves for certain is a circle of four fifths; the shapes fit into it.
    'icon-maskable-512.png': make(512, 8, WHITE),
    'apple-touch-icon.png': make(180, 3, WHITE),
  }
}
