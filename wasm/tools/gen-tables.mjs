// SPDX-License-Identifier: Apache-2.0
// Writes src/model/tables.gen.ts from wasm/include/tables.h, so that no table is
// described twice. Usage: node wasm/tools/gen-tables.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs'

const header = new URL('../include/tables.h', import.meta.url)
const output = new URL('../../src/model/tables.gen.ts', import.meta.url)
const arrays = { u8: 'Uint8Array', u32: 'Uint32Array', i32: 'Int32Array', u64: 'BigUint64Array', f64: 'Float64Array', str: 'TextColumn' }

const tables = []
for (const line of readFileSync(header, 'utf8').split('\n')) {
  const table = /^\tT\((\w+), "(.*)"\)/.exec(line)
  if (table) tables.push({ name: table[1], meaning: table[2], columns: [] })
  const column = /^\tC\((\w+), (\w+), (\w+), "(.*)"\)/.exec(line)
  if (column) tables.find((known) => known.name === column[1]).columns.push({ name: column[2], type: column[3], meaning: column[4].replaceAll('\\"', '"') })
}

const lines = [
  '// SPDX-License-Identifier: Apache-2.0',
  '// Made by wasm/tools/gen-tables.mjs from wasm/include/tables.h: do not edit.',
  "import type { TextColumn } from '../lib/text-column'",
  '',
  'export type ColumnType = ' + Object.keys(arrays).map((type) => `'${type}'`).join(' | '),
  '',
]
const pascal = (name) => name.replace(/(^|_)(\w)/g, (_, __, letter) => letter.toUpperCase()) + 'Table'
for (const table of tables) {
  lines.push(`/** ${table.meaning} */`, `export type ${pascal(table.name)} = {`, '  rows: number')
  for (const column of table.columns) {
    if (column.meaning) lines.push(`  /** ${column.meaning} */`)
    lines.push(`  ${column.name}: ${arrays[column.type]}`)
  }
  lines.push('}', '')
}
lines.push('export type Tables = {', ...tables.map((table) => `  ${table.name}: ${pascal(table.name)}`), '}', '')
lines.push('export type TableName = keyof Tables', '')
lines.push('/** Row that stands for "none" or "all". */', 'export const ALL = 0xffffffff', '')
lines.push('/** Columns of every table in the order of the C side; the key order is the table id. */')
lines.push('export const tableColumns: { readonly [Name in TableName]: readonly (readonly [string, ColumnType])[] } = {')
for (const table of tables) {
  lines.push(`  ${table.name}: [`, ...table.columns.map((column) => `    ['${column.name}', '${column.type}'],`), '  ],')
}
lines.push('}', '')
const text = lines.join('\n')
if (process.argv.includes('--check')) {
  if (readFileSync(output, 'utf8') !== text) {
    console.error('src/model/tables.gen.ts is out of date: run node wasm/tools/gen-tables.mjs')
    process.exit(1)
  }
} else writeFileSync(output, text)
