// SPDX-License-Identifier: Apache-2.0
// Holds the imports of both trees against "Who may import whom" in
// ARCHITECTURE.md: an arrow, or a folder, that the plan does not name fails.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const plan = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

/** Folder -> folders it may use, from the plan's table; a folder may always use itself. */
type Arrows = Map<string, Set<string>>

/** The table's two columns: C folders without `wasm/src/`, TypeScript folders without `src/`. */
function readPlan(text: string): { c: Arrows; ts: Arrows } {
  const table = /## Who may import whom[\s\S]*?```\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
  const c: Arrows = new Map()
  const ts: Arrows = new Map()
  for (const line of table.split('\n')) {
    const left = /^wasm\/(?:src\/)?(\w+)\s+(.*?)(?=\s+src\/|$)/.exec(line)
    const right = /(?:^|\s)src\/([\w-]+)\s+(.*)$/.exec(line.replace(/^wasm\/src\/\w+/, ''))
    if (left?.[1]) c.set(left[1], allowed(left[2] ?? '', c))
    if (right?.[1]) ts.set(right[1], allowed(right[2] ?? '', ts))
  }
  return { c, ts }
}

/** `-` is nothing, `..` what the line above may use, "all of the above" every folder so far. */
function allowed(text: string, above: Arrows): Set<string> {
  if (text.startsWith('all of the above')) return new Set(above.keys())
  const names = text.trim().split(/\s+/)
  const last = [...above.values()].at(-1) ?? new Set<string>()
  return new Set(names.flatMap((name) => (name === '..' ? [...last] : name === '-' ? [] : [name])))
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'generated') return []
    return statSync(path).isDirectory() ? filesBelow(path, pattern) : pattern.test(name) ? [path] : []
  })
}

const firstFolder = (base: string, path: string): string => relative(base, path).split('/')[0] ?? ''

/** Every import of a TypeScript or JavaScript file: static, dynamic, new URL(…, import.meta.url). */
function importsOf(text: string): string[] {
  const patterns = [
    /\bfrom\s+'([^']+)'/g,
    /\bimport\s+'([^']+)'/g,
    /\bimport\(\s*'([^']+)'/g,
    /new URL\(\s*'([^']+)',\s*import\.meta\.url/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
}

/** "src/views/flame/View.tsx -> engine" for each arrow the plan does not have. */
function wrongArrows(files: string[], base: string, arrows: Arrows, usesOf: (file: string) => string[]): string[] {
  return files.flatMap((file) => {
    const folder = firstFolder(base, file)
    const may = arrows.get(folder)
    return usesOf(file)
      .filter((used) => used !== folder && !may?.has(used) && !(used === 'test-support' && tests.test(file)))
      .map((used) => `${relative(root, file)} -> ${used}`)
  })
}

const { c, ts } = readPlan(plan)
const wasmSource = join(root, 'wasm/src')
const source = join(root, 'src')
const cFiles = filesBelow(wasmSource, /\.[ch]$/)
const tsFiles = filesBelow(source, /\.(ts|tsx|mjs|js)$/).filter((file) => dirname(file) !== source)
const tests = /\.test\.tsx?$/

/** Folders a C file includes from; `ptarmigan.h` and `tables.h` are `include`. */
function cUses(file: string): string[] {
  const names = [...readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map((match) => match[1] ?? '')
  return names.map((name) => (name.includes('/') ? (name.split('/')[0] ?? '') : 'include'))
}

/** Folders of src a file imports from. */
function tsUses(file: string): string[] {
  return importsOf(readFileSync(file, 'utf8'))
    .filter((name) => name.startsWith('.'))
    .map((name) => resolve(dirname(file), name))
    .filter((path) => !relative(source, path).startsWith('..'))
    .map((path) => firstFolder(source, path))
}

const importing = (name: string): string[] =>
  tsFiles
    .filter((file) => !tests.test(file) && importsOf(readFileSync(file, 'utf8')).some((used) => used === name))
    .map((file) => relative(root, file))

describe('the plan', () => {
  it('is understood', () => {
    expect([...c.keys()]).toEqual(['include', 'base', 'file', 'image', 'x86', 'pt', 'flow', 'profile', 'api'])
    expect([...ts.keys()].slice(0, 10)).toEqual(['lib', 'model', 'engine', 'share', 'server', 'cli', 'store', 'widgets', 'views', 'app'])
    expect([...(c.get('flow') ?? [])]).toEqual(['include', 'base', 'image', 'x86', 'pt'])
    expect([...(c.get('profile') ?? [])]).toEqual(['include', 'base', 'image', 'x86', 'pt', 'flow'])
    expect([...(ts.get('views') ?? [])]).toEqual(['lib', 'model', 'store', 'widgets'])
  })
})

describe('the C tree', () => {
  it('has no folder the plan does not name', () => {
    const folders = readdirSync(wasmSource).filter((name) => !c.has(name))
    expect(folders).toEqual([])
  })
  it('has no arrow the plan does not have', () => {
    expect(cFiles.length).toBeGreaterThan(10)
    expect(wrongArrows(cFiles, wasmSource, c, cUses)).toEqual([])
  })
})

describe('the TypeScript tree', () => {
  it('has no folder the plan does not name', () => {
    const folders = readdirSync(source).filter((name) => statSync(join(source, name)).isDirectory() && !ts.has(name))
    expect(folders).toEqual([])
  })
  it('has no arrow the plan does not have', () => {
    expect(wrongArrows(tsFiles, source, ts, tsUses)).toEqual([])
  })
  it('lets only the client and the worker of the engine know comlink', () => {
    const strangers = importing('comlink').filter((file) => !['src/engine/client.ts', 'src/engine/worker.ts'].includes(file))
    expect(strangers).toEqual([])
  })
  it('lets only engine/wasm.ts know what emscripten made', () => {
    const strangers = tsFiles
      .filter((file) => importsOf(readFileSync(file, 'utf8')).some((name) => name.includes('/generated/')))
      .map((file) => relative(root, file))
      .filter((file) => file !== 'src/engine/wasm.ts')
    expect(strangers).toEqual([])
  })
  it('keeps React out of layouts and drawing', () => {
    const pure = tsFiles.filter((file) => /\/views\/.*\/(layout|draw)\.tsx?$/.test(file))
    const guilty = pure.filter((file) => importsOf(readFileSync(file, 'utf8')).some((name) => /^react(-dom)?(\/|$)/.test(name)))
    expect(guilty.map((file) => relative(root, file))).toEqual([])
  })
})

describe('the walker', () => {
  it('sees a wrong arrow', () => {
    const arrows: Arrows = new Map([['views', new Set(['store'])]])
    const file = join(source, 'views/flame/View.tsx')
    expect(wrongArrows([file], source, arrows, () => ['store', 'views', 'engine'])).toEqual(['src/views/flame/View.tsx -> engine'])
  })
  it('reads every form of import', () => {
    const text =
      "import a from './a'\nimport type { B } from '../b'\nimport './c.css'\nawait import('./d')\nnew Worker(new URL('./e.ts', import.meta.url))\nexport * from './f'"
    expect(importsOf(text).toSorted()).toEqual(['../b', './a', './c.css', './d', './e.ts', './f'])
  })
})
