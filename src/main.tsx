// SPDX-License-Identifier: Apache-2.0
// Starts the page. In development ?demo opens a made-up trace without a decoder.
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import './widgets/theme.css'

async function openDemo(parameters: URLSearchParams): Promise<void> {
  const [{ demoEngine }, { setEngine, useStore }] = await Promise.all([import('./test-support/demo-engine'), import('./store')])
  setEngine(demoEngine({ decodeMs: Number(parameters.get('ms') ?? 2000), cycles: !parameters.has('nocycles') }))
  await useStore.getState().openFiles([{ file: new File(['PERFILE2'], 'orderbook.perf.data'), path: 'orderbook.perf.data' }])
}

const root = document.getElementById('root')
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )

if (import.meta.env.DEV) {
  const parameters = new URLSearchParams(location.search)
  if (parameters.has('demo')) void openDemo(parameters)
}
