// SPDX-License-Identifier: Apache-2.0
// What the lanes call functions, and which of them the search finds.
import { useMemo } from 'react'
import { textAt } from '../../lib/text-column'
import { colorGroup, colorShade, functionName, imagePath } from '../../model/names'
import { compileSearch, findFunctions } from '../../model/search'
import { useStore } from '../../store'
import type { FunctionNames } from './describe'

/** Names of functions and texts of gaps, for all lanes. */
export function useNames(): FunctionNames {
  const functions = useStore((store) => store.session.functions)
  const images = useStore((store) => store.session.images)
  return useMemo(
    () => ({
      nameOf: (fn) => functionName(functions, images, fn),
      groupOf: (fn) => colorGroup(functions, fn),
      shadeOf: (fn) => colorShade(functions, fn),
      imagePathOf: (fn) => imagePath(functions, images, fn),
      gapText: (gaps, row) => textAt(gaps.text, row),
    }),
    [functions, images],
  )
}

/** Functions that the search finds; null when nothing is searched for. */
export function useFound(): Uint8Array | null {
  const search = useStore((store) => store.view.search)
  const functions = useStore((store) => store.session.functions)
  const images = useStore((store) => store.session.images)
  return useMemo(() => {
    const compiled = compileSearch(search)
    return compiled.ok && functions ? findFunctions(compiled.value, { functions, images }) : null
  }, [search, functions, images])
}
