// SPDX-License-Identifier: Apache-2.0
// Size: time and memory of the command line and of a tab over traces of any size,
// and how long a reader waits for a picture, an instruction, another range.
// `npm run bench:scale -- TRACE…` (their binaries where they were recorded, or --symfs DIR;
// --workers N: so many decode, in the tab and at the command line; --no-cli, --no-tab; --write: bench/scale.md;
// --cores ROUNDS: only how much sooner the tab is done with two cores than with one).
// `npm run bench:scale -- --curve DIR --write`: traces of 64 MB to 8 GB, kept in DIR and made
// where they are missing (14 GB; --sizes 64,512: only these).
import { spawn } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../test/cases/fixtures.mjs'
import { longSymfs, makeLong } from './inputs.mjs'
import { binariesOf, hasBrowser, idle, openInTab, ptarmigan, until, withTab } from './tab.mjs'

const SAMPLE_MS = 50
/** Ranges and instructions that are looked at, the same ones every time. */
const RANGES = 30
const JUMPS = 20
/** Of the trace: the widths lie between, as often about 1/1000 as about 1/10. */
const NARROWEST = 1 / 1000
const WIDEST = 0.9

/** Moments at which decoding is cancelled, in ms after it goes on. */
const CANCELS = [50, 700, 1500]

const args = process.argv.slice(2)
const valueOf = (name) => (args.includes(name) ? args.splice(args.indexOf(name), 2)[1] : '')
const curve = valueOf('--curve')
const sizes = (valueOf('--sizes') || '64,512,1024,4096,8192').split(',').map(Number)
const symfs = valueOf('--symfs') || (curve ? longSymfs : '')
const rounds = Number(valueOf('--cores')) || 0
const workers = Number(valueOf('--workers')) || 0
const write = args.includes('--write')
const wantsTab = !args.includes('--no-tab')
const withCli = !args.includes('--no-cli')
const traces = [...args.filter((arg) => !arg.startsWith('--')), ...(curve ? sizes.map((size) => makeLong(size, join(curve, `scale-${size}.perf.data`))) : [])]
if (traces.length === 0) throw new Error('name the traces: npm run bench:scale -- TRACE…')

const megabytes = (bytes) => Math.round(bytes / 1e6)
const seconds = (ms) => (ms / 1000).toFixed(2)

/** Highest resident memory of a process in bytes, as far as /proc says. */
const residentOf = (pid) => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
/** Of the largest of these processes: a browser keeps an empty renderer ready beside a page's. */
const largestOf = (pids) => Math.max(...pids.map(residentOf))
function watch(pids) {
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, largestOf(pids()))), SAMPLE_MS)
  return () => (clearInterval(timer), peak)
}

/** `core`: where it runs; any where none is named. */
async function runCli(words, core = null) {
  const start = performance.now()
  const command = [process.execPath, ptarmigan, ...words, ...(symfs ? ['--symfs', symfs] : [])]
  const [program, ...rest] = core === null ? command : ['taskset', '-c', `${core}`, ...command]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = watch(() => [child.pid])
  let text = ''
  child.stdout.on('data', (piece) => (text += piece))
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`ptarmigan ${words.join(' ')}: ended with ${code}`)
  return { ms: performance.now() - start, peak: stop(), text }
}

/** The thread with the most instructions, as the page tells it: "comm pid/tid · 1.90 M". */
async function busiestThread(page) {
  const texts = await page.getByRole('combobox', { name: 'Thread', exact: true }).locator('option').allInnerTexts()
  const units = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }
  const threads = texts.flatMap((text) => {
    const [, pid, tid, count, unit] = /(\d+)\/(\d+) · ([\d.]+)\s?([KMGT]?)/.exec(text) ?? []
    return pid === undefined ? [] : [{ pid, tid, instructions: Number(count) * units[unit] }]
  })
  return threads.reduce((most, one) => (one.instructions > most.instructions ? one : most))
}

const hashOf = (page) => page.evaluate(() => location.hash)

/** Milliseconds from a changed view link until all that it shows has been answered and drawn. */
async function showRange(page, hash) {
  return page.evaluate(
    (next) =>
      new Promise((resolve) => {
        const { dataset } = document.documentElement
        const start = performance.now()
        const observer = new MutationObserver(() => {
          if (dataset.idle !== 'true') return
          observer.disconnect()
          requestAnimationFrame(() => resolve(performance.now() - start))
        })
        observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-idle'] })
        location.hash = next
      }),
    hash,
  )
}

/** Milliseconds from a changed view link until the instruction it names is drawn. */
async function showInstruction(page, hash) {
  return page.evaluate(
    (next) =>
      new Promise((resolve) => {
        const row = () => document.querySelector('[role="row"][aria-selected="true"]')
        const before = row()?.getAttribute('aria-rowindex') ?? ''
        const start = performance.now()
        const observer = new MutationObserver(() => {
          const now = row()
          if (!now || now.getAttribute('aria-rowindex') === before || now.querySelector('.ins-waiting')) return
          observer.disconnect()
          requestAnimationFrame(() => resolve(performance.now() - start))
        })
        observer.observe(document.body, { attributes: true, attributeFilter: ['aria-rowindex', 'aria-selected'], childList: true, subtree: true })
        location.hash = next
      }),
    hash,
  )
}

/** Milliseconds between frames while the wheel zooms in and out over the timeline. */
async function frames(page) {
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await idle(page, 'ready')
  const box = await page.getByRole('tabpanel').locator('canvas').filter({ visible: true }).last().boundingBox()
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.evaluate(() => {
    globalThis.gaps = []
    let last = performance.now()
    const tick = (now) => {
      globalThis.gaps.push(now - last)
      last = now
      globalThis.nextTick = requestAnimationFrame(tick)
    }
    globalThis.nextTick = requestAnimationFrame(tick)
  })
  await page.keyboard.down('Control')
  for (let step = 0; step < 120; step++) await page.mouse.wheel(0, step % 60 < 30 ? -60 : 60)
  await page.keyboard.up('Control')
  for (let step = 0; step < 60; step++) await page.mouse.wheel(step % 20 < 10 ? 80 : -80, 0)
  // Nothing asks for frames while what follows is measured.
  const gaps = await page.evaluate(() => (cancelAnimationFrame(globalThis.nextTick), globalThis.gaps))
  gaps.sort((a, b) => a - b)
  return { median: gaps[gaps.length >> 1], p95: gaps[Math.floor(gaps.length * 0.95)], count: gaps.length }
}

const runTab = (trace, binaries) =>
  withTab({ workers }, async (tab) => {
    const { page, renderers, weight: firstScreen } = tab
    const stop = watch(() => renderers)
    const screenshot = (name) => page.screenshot({ path: join(tmpdir(), `ptarmigan-scale-${name}.png`) })
    const opened = await openInTab(tab, [trace, ...binaries], () => screenshot('first'))
    await screenshot('ready')
    const drawn = await frames(page)
    await screenshot('timeline')
    const jumped = await jumps(page, await busiestThread(page))
    const facts = { ...opened, firstScreen, frames: drawn, jumps: jumped, peak: stop(), after: largestOf(renderers) }
    await page.getByTestId('files-input').first().setInputFiles([trace, ...binaries])
    return { ...facts, cancels: await cancels(page) }
  })

/** All of the browser on one core with one decoder, on two with one, and on two with two; in turn, so that what else the machine does meets all of them. */
const TABS = { 'one core': { workers: 1, oneCore: true }, 'one decoder': { workers: 1 }, 'two decoders': { workers: 2 } }

/** How much more the machine gives on two cores than on one: two decoders that know nothing of each other, one a core, beside one alone. Far from 2 where the two are threads of one core. */
async function mostGain(trace) {
  const on = (core) => runCli(['report', '--workers', '1', trace], core)
  const alone = await on(0)
  const both = await Promise.all([on(0), on(1)])
  return (2 * alone.ms) / Math.max(...both.map(({ ms }) => ms))
}

/** How long the tab takes to decode all with one core and with two: medians. */
async function compareCores(trace, binaries, rounds) {
  const times = Object.fromEntries(Object.keys(TABS).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, how] of Object.entries(TABS)) {
      const opened = await withTab(how, (tab) => openInTab(tab, [trace, ...binaries]))
      times[name].push(opened)
      console.log(`  round ${round + 1}, ${name}: ${seconds(opened.ready)} s, ${opened.tab.toFixed(1)} s of CPU of the tab, ${opened.others.toFixed(1)} s of the browser's other processes`)
    }
  const of = (name, key) => middle(times[name].map((one) => one[key]))
  const gain = (name) => `${(of(name, 'ready') / of('two decoders', 'ready')).toFixed(2)} times`
  console.log(`  two cores: ${gain('one core')} one; two decoders: ${gain('one decoder')} one beside the page; two processes that share nothing: ${(await mostGain(trace)).toFixed(2)} times one`)
}

/** Milliseconds from Cancel to the end of decoding, which then goes on; fewer when the trace was done before. */
async function cancels(page) {
  const times = []
  for (const moment of CANCELS) {
    await until(page, 'html[data-session="decoding"]')
    const took = await page.evaluate(
      (wait) =>
        new Promise((resolve) => {
          const button = () => Array.from(document.querySelectorAll('button')).find(({ textContent }) => textContent === 'Cancel')
          const { dataset } = document.documentElement
          setTimeout(() => {
            if (!button()) return resolve(-1)
            const start = performance.now()
            const observer = new MutationObserver(() => {
              if (dataset.session === 'decoding') return
              observer.disconnect()
              resolve(performance.now() - start)
            })
            observer.observe(document.documentElement, { attributes: true })
            button().click()
          }, wait)
        }),
      moment,
    )
    if (took < 0 || (await page.evaluate(() => document.documentElement.dataset.session)) !== 'cancelled') break
    times.push(took)
    await page.getByRole('button', { name: 'Continue decoding' }).click()
  }
  return times
}

/** Numbers from 0 to 1, the same ones every time. */
function randomNumbers() {
  let state = 12345
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
}

/** Ranges of any width shown in the flame graph, and instructions anywhere in the trace, by links; the first of these opens its view. */
async function jumps(page, thread) {
  await page.getByRole('tab', { name: 'Flame graph' }).click()
  await idle(page, 'ready')
  const strip = await page.locator('.range-strip').boundingBox()
  await page.mouse.move(strip.x + 1, strip.y + 10)
  await page.mouse.down()
  await page.mouse.move(strip.x + strip.width - 1, strip.y + 10, { steps: 4 })
  await page.mouse.up()
  await idle(page, 'ready')
  await page.waitForFunction(() => /range=/.test(location.hash))
  const [, first, last] = /range=(\d+)-(\d+)/.exec(await hashOf(page))
  const [from, to] = [BigInt(first), BigInt(last)]
  const base = (await hashOf(page)).replace(/&?range=[^&]*/, '')
  const random = randomNumbers()
  const ranges = []
  for (let row = 0; row < RANGES; row++) {
    const width = NARROWEST * (WIDEST / NARROWEST) ** random()
    const place = random() * (1 - width)
    const at = (part) => from + BigInt(Math.round(Number(to - from) * part))
    ranges.push({ ms: await showRange(page, `${base}&range=${at(place)}-${at(place + width)}`), width, place })
    await idle(page, 'ready')
  }
  const instructions = []
  for (let row = 0; row < JUMPS; row++) {
    const at = `${thread.pid}.${thread.tid}@${Math.floor(thread.instructions * random())}`
    instructions.push(await showInstruction(page, `${base.replace(/&?(tab|at)=[^&]*/g, '')}&tab=instructions&at=${at}`))
    await idle(page, 'ready')
  }
  return { ranges, instructions }
}

const middle = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]
const spread = (times) => `${middle(times).toFixed(0)} / ${Math.max(...times).toFixed(0)} ms`
const list = (times) => times.map((ms) => ms.toFixed(0)).join(' ')
const rows = []
for (const trace of traces) {
  const size = statSync(trace).size
  const row = [`${megabytes(size)} MB`, '', '', '', '', '', '', '', '', '', '', '', '']
  console.log(`${trace}: ${megabytes(size)} MB`)
  if (rounds) {
    await compareCores(trace, binariesOf(trace, symfs), rounds)
    continue
  }
  if (withCli) {
    const { ms, peak, text } = await runCli(['report', '--json', '--limit', '1000000', ...(workers ? ['--workers', `${workers}`] : []), trace])
    const calls = JSON.parse(text).functions.reduce((sum, one) => sum + one.calls, 0)
    row.splice(1, 3, `${(calls / 1e6).toFixed(1)} M`, `${seconds(ms)} s`, `${megabytes(peak)} MB`)
    console.log(`  ${(calls / 1e6).toFixed(1)} M calls; report: ${seconds(ms)} s, ${(size / 1e3 / ms).toFixed(1)} MB/s, ${megabytes(peak)} MB of memory`)
    const index = await runCli(['info', trace])
    console.log(`  info: ${seconds(index.ms)} s, ${megabytes(index.peak)} MB of memory`)
  }
  if (wantsTab && hasBrowser) {
    const tab = await runTab(trace, binariesOf(trace, symfs))
    const { frames, jumps, cancels } = tab
    row.splice(4, 9, `${seconds(tab.picture)} s`, `${seconds(tab.ready)} s`, `${tab.tab.toFixed(1)} s`, `${megabytes(tab.peak)} MB`,
      `${frames.median.toFixed(1)} / ${frames.p95.toFixed(1)} ms`, spread(jumps.ranges.map(({ ms }) => ms)), `${jumps.instructions[0].toFixed(0)} ms`, spread(jumps.instructions.slice(1)), `${list(cancels)} ms`)
    console.log(`  tab: first screen ${Math.round(tab.firstScreen / 1e3)} kB; picture ${seconds(tab.picture)} s; decoded ${seconds(tab.ready)} s (${(size / 1e3 / tab.ready).toFixed(1)} MB/s); ${tab.tab.toFixed(1)} s of CPU time, ${tab.others.toFixed(1)} s of the browser's other processes; memory at most ${megabytes(tab.peak)} MB, ${megabytes(tab.after)} MB after`)
    console.log(`  frames: median ${frames.median.toFixed(1)} ms, 95 % under ${frames.p95.toFixed(1)} ms, ${frames.count}`)
    const slowest = jumps.ranges.toSorted((a, b) => b.ms - a.ms).slice(0, 5)
    console.log(`  ranges: median / worst ${spread(jumps.ranges.map(({ ms }) => ms))}; the slowest: ${slowest.map(({ ms, width, place }) => `${ms.toFixed(0)} ms for ${(width * 100).toFixed(1)} % from ${(place * 100).toFixed(1)} %`).join(', ')}`)
    console.log(`  instructions: ${list(jumps.instructions)} ms; cancel: ${list(cancels)} ms`)
  }
  rows.push(row)
}

if (write) {
  const heads = ['trace', 'calls', '`report`', 'its memory', 'picture', 'decoded', 'CPU of the tab', 'its memory', 'frames, median / 95 %', `${RANGES} ranges, median / worst`, 'first instruction (opens the view)', `${JUMPS - 1} others, median / worst`, 'cancel']
  const line = (cells) => `| ${cells.join(' | ')} |`
  const text = `# Time and memory by the size of the trace

Made by \`npm run bench:scale -- --write TRACE…\` on ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${workers || cpus().length} decoding workers in the tab;
load average over the last 5 minutes at the end: ${loadavg()[1].toFixed(1)}${loadavg()[1] > cpus().length ? ' (above the number of cores: others worked at the same time, and wall clock times are too long by about that)' : ''}.
Ranges are from 1/1000 to 9/10 of the trace wide, anywhere in it.
Memory is the highest resident memory of the process (of the tab: of its renderer). CPU of the tab is that of its renderer until all is decoded.

${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}
`
  writeFileSync(join(root, 'bench/scale.md'), text)
}
