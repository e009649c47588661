// SPDX-License-Identifier: Apache-2.0
// One button through the three themes: as the system, light, dark.
import type { Theme } from '../model/view-state'
import { useStore } from '../store'
import { IconButton } from '../widgets/Button'
import type { IconName } from '../widgets/icons'

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }
const icons: Record<Theme, IconName> = { system: 'screen', light: 'sun', dark: 'moon' }
const names: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' }

export const nextTheme = (theme: Theme) => next[theme]

export function ThemeToggle() {
  const theme = useStore((store) => store.theme)
  const setTheme = useStore((store) => store.setTheme)
  return (
    <IconButton
      icon={icons[theme]}
      label={`Theme: ${names[theme]}. Next: ${names[next[theme]]} (T)`}
      onClick={() => setTheme(next[theme])}
    />
  )
}
