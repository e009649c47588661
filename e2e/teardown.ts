// SPDX-License-Identifier: Apache-2.0
// After all tests: the folder of shares that playwright.config.ts made goes.
import { rmSync } from 'node:fs'

export default function removeStore(): void {
  const store = process.env.PTARMIGAN_E2E_STORE
  if (store?.includes('ptarmigan-e2e-')) rmSync(store, { recursive: true, force: true })
}
