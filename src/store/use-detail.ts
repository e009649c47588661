// SPDX-License-Identifier: Apache-2.0
// State of single views that links hold and that is still there when the reader
// comes back to the tab: settings as texts, and where a box is scrolled to.
import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from 'react'
import type { Codec } from '../model/detail-codecs'
import type { DetailKey, ViewState } from '../model/view-state'
import { useStore } from './store'

const SETTLE_MS = 150


/** A setting, like useState. `codec` must not change. */
export function useDetail<Value>(key: DetailKey, codec: Codec<Value>): [Value, (value: Value) => void] {
  const text = useStore((store) => store.view.details[key] ?? '')
  const setDetail = useStore((store) => store.setDetail)
  const value = useMemo(() => codec.parse(text), [codec, text])
  const set = useCallback((next: Value) => setDetail(key, codec.format(next)), [setDetail, key, codec])
  return [value, set]
}

/** Remembers what moves with every frame once it has come to rest; `keep` writes it, `forget` takes back what is not written yet. */
export function useKept(): { keep(view: () => Partial<ViewState>): void; forget(): void } {
  const keepView = useStore((store) => store.keepView)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const forget = useCallback(() => {
    if (timer.current !== null) clearTimeout(timer.current)
    timer.current = null
  }, [])
  useEffect(() => forget, [forget])
  const keep = useCallback(
    (view: () => Partial<ViewState>) => {
      forget()
      timer.current = setTimeout(() => keepView(view()), SETTLE_MS)
    },
    [forget, keepView],
  )
  return { keep, forget }
}

/** Tops that lists wrote themselves: they are there already. */
const written = new WeakSet<object>()

/** Keeps a list of `of` at the row it was scrolled to. `asked`: the row to show at the top, when a link or an earlier visit says one. */
export function useKeptTop(key: 'top' | 'packetTop', of: number): { asked: { row: number; atTop: true } | null; keepTop(first: number): void } {
  const top = useStore((store) => store.view[key])
  const [atFirst] = useState(top)
  const { keep } = useKept()
  const asked = useMemo(
    () => (top !== null && top.of === of && (top === atFirst || !written.has(top)) ? { row: top.ordinal, atTop: true as const } : null),
    [top, of, atFirst],
  )
  const keepTop = useCallback(
    (ordinal: number) =>
      keep(() => {
        const place = { of, ordinal }
        written.add(place)
        return { [key]: place }
      }),
    [keep, key, of],
  )
  return { asked, keepTop }
}

const scrollDown = (node: HTMLElement, top: number) => void (node.scrollTop = top)

/** Keeps a box where it was scrolled to. `height`: of what is in it; it may grow until it can be scrolled that far. Returns what to call when it scrolled. */
export function useKeptScroll(key: DetailKey, box: RefObject<HTMLElement | null>, height: number): (top: number) => void {
  const text = useStore((store) => store.view.details[key] ?? '')
  const { keep } = useKept()
  /** What is scrolled to, or was; the reader's own scrolling is the newest. */
  const now = useRef('')
  useEffect(() => {
    const node = box.current
    if (text === now.current || !node) return
    const wanted = /^\d{1,7}$/.test(text) ? Number(text) : 0
    scrollDown(node, wanted)
    if (Math.abs(node.scrollTop - wanted) < 1) now.current = text
  }, [text, box, height])
  return useCallback(
    (top: number) => {
      const rounded = top < 1 ? '' : String(Math.round(top))
      keep(() => {
        now.current = rounded
        return { details: { ...useStore.getState().view.details, [key]: rounded } }
      })
    },
    [keep, key],
  )
}
