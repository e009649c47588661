// SPDX-License-Identifier: Apache-2.0
// How long a reader waits after Cancel, at any moment: while a trace is opened, decoded,
// joined, made a bundle of, downloaded. `npm run bench:cancel -- TRACE` (--symfs DIR, --moments N).
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { binariesOf, idle, openInTab, until, withTab } from './tab.mjs'

const args = process.argv.slice(2)
const valueOf = (name, other) => (args.includes(name) ? args.splice(args.indexOf(name), 2)[1] : other)
const symfs = valueOf('--symfs', '')
const moments = Number(valueOf('--moments', '12'))
const [trace] = args
if (!trace) throw new Error('name a trace: npm run bench:cancel -- TRACE')

/**
 * In the page: presses the button of that name `wait` ms after `since` is so. Milliseconds from the moment when it was to be
 * pressed until `gone` is so, and drawn; -1: it was too late. What is so: a session's states, or a selector behind # (there is one) or ! (there is none).
 */
const pressed = (page, how) =>
  page.evaluate(
    ({ name, since, wait, gone }) =>
      new Promise((resolve) => {
        const { dataset } = document.documentElement
        const isSo = (what) => {
          if (!/^[#!]/.test(what)) return what.split(' ').includes(dataset.session)
          return (document.querySelector(what.slice(1)) !== null) === what.startsWith('#')
        }
        const observe = (what, then, orElse = '') => {
          const look = () => {
            if (!isSo(what) && !(orElse && isSo(orElse))) return false
            observer.disconnect()
            then(isSo(what))
            return true
          }
          const observer = new MutationObserver(look)
          if (!look()) observer.observe(document, { attributes: true, childList: true, subtree: true })
        }
        const press = (due) => {
          const button = Array.from(document.querySelectorAll('button')).find((one) => one.textContent === name || one.getAttribute('aria-label') === name)
          if (!button) return resolve(-1)
          button.click()
          observe(gone, () => requestAnimationFrame(() => resolve(performance.now() - due)))
        }
        const begin = (isUnderWay) => {
          const due = performance.now() + wait
          if (isUnderWay) setTimeout(() => press(due), wait)
          else resolve(-1)
        }
        observe(since, begin, since.startsWith('#dialog') ? '' : 'ready failed')
      }),
    how,
  )

const told = (what, times) => {
  const taken = times.filter((ms) => ms >= 0).toSorted((a, b) => a - b)
  if (taken.length === 0) return console.log(`  ${what}: never under way`)
  console.log(`  ${what}: median ${taken[taken.length >> 1].toFixed(0)} ms, worst ${taken.at(-1).toFixed(0)} ms of ${taken.length} (${times.map((ms) => ms.toFixed(0)).join(' ')})`)
}

const toStart = async (page) => {
  if (await page.evaluate(() => document.documentElement.dataset.session !== 'empty')) await page.getByRole('button', { name: 'Ptarmigan' }).click()
  await idle(page, 'empty')
}

/** A server without ranges that sends so many bytes a second. */
async function slowServer(file, bytesPerSecond) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-length': statSync(file).size })
    const stream = createReadStream(file, { highWaterMark: bytesPerSecond / 20 })
    stream.on('data', (piece) => {
      stream.pause()
      response.write(piece)
      setTimeout(() => stream.resume(), 50)
    })
    response.on('close', () => stream.destroy())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/${basename(file)}`, close: () => server.close() }
}

const spread = (most) => Array.from({ length: moments }, (_, index) => (most * index) / moments)

await withTab({}, async (tab) => {
  const { page } = tab
  const files = [trace, ...binariesOf(trace, symfs)]
  console.log(`${trace}: ${Math.round(statSync(trace).size / 1e6)} MB`)
  const opened = await openInTab(tab, files)
  const give = () => page.getByTestId('files-input').first().setInputFiles(files)

  /** Gives the files anew for each of the moments up to `most` ms, and tells how long Cancel took at them. */
  const tellCancels = async (what, most, how) => {
    const times = []
    for (const wait of spread(most)) {
      await toStart(page)
      const time = pressed(page, { name: 'Cancel', wait, ...how })
      await give()
      times.push(await time)
      await until(page, 'html:not([data-session="decoding"])')
    }
    told(what, times)
  }
  await tellCancels('opening, and the first moments of decoding', opened.picture, { since: 'opening decoding', gone: 'empty cancelled' })
  await tellCancels('decoding', opened.ready - opened.picture, { since: 'decoding', gone: 'cancelled ready' })
  await tellCancels('joining, when all is decoded', opened.ready / 20, { since: '#[role="progressbar"][aria-valuenow="100"]', gone: 'cancelled ready' })

  await toStart(page)
  await give()
  await idle(page, 'ready')
  const bundles = []
  for (const wait of spread(opened.ready / 10)) {
    const time = pressed(page, { name: 'Close', since: '#dialog[open]', wait, gone: '!dialog' })
    await page.getByRole('button', { name: 'Share' }).click()
    bundles.push(await time)
    const closed = performance.now()
    await idle(page, 'ready')
    bundles.push(performance.now() - closed)
  }
  told('a bundle that is made, and the decoder after that', bundles)

  const server = await slowServer(trace, 20e6)
  const downloads = []
  for (const wait of spread(3000)) {
    await toStart(page)
    await page.goto('about:blank')
    await page.goto(`${tab.address}#trace=${encodeURIComponent(server.url)}`, { waitUntil: 'commit' })
    await until(page, 'html[data-session]')
    downloads.push(await pressed(page, { name: 'Cancel', since: '#.banner .button, .banner button', wait, gone: '!.banner' }))
  }
  server.close()
  told('a download', downloads)
})
