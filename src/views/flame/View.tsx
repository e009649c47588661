// SPDX-License-Identifier: Apache-2.0
// The flame graph tab: calls by path for the selected thread and time range,
// weighed by time, cycles or instructions.
import { useMemo } from 'react'
import { ALL, type CallTreeTable } from '../../model/tables.gen'
import { amountsOf, buildCallTree, matchedWeight, nodeAt, pathOf, sampledEvents, type CallTree, type SampledEvent } from '../../model/call-tree'
import { colorGroup, colorShade, functionName, imagePath, threadLabel, whyNoCycles, whyNoPath } from '../../model/names'
import { plainText, yesOrNo } from '../../model/detail-codecs'
import { compileSearch, findFunctions } from '../../model/search'
import type { Weight } from '../../model/view-state'
import { useDetail, useStore, useTable } from '../../store'
import { Button } from '../../widgets/Button'
import { EmptyState } from '../../widgets/EmptyState'
import { shareText } from '../../widgets/number-text'
import { Segmented } from '../../widgets/Segmented'
import { PickBox } from '../../widgets/ViewFrame'
import { capitalized, weightName } from './describe'
import { FlameCanvas } from './FlameCanvas'
import { ancestry } from './layout'
import './flame.css'

/** Names and binaries of a tree's nodes. */
function useNames(tree: CallTree | null) {
  const functions = useStore((store) => store.session.functions)
  const images = useStore((store) => store.session.images)
  const threads = useStore((store) => store.session.threads)
  const thread = useStore((store) => store.view.thread)
  return useMemo(() => {
    const fn = (node: number) => tree?.function[node] ?? ALL
    const rootName = thread === null ? 'All threads' : threadLabel(threads, thread)
    return {
      nameOf: (node: number) => {
        if (node === 0) return rootName
        return fn(node) === ALL ? threadLabel(threads, tree?.thread[node] ?? 0) : functionName(functions, images, fn(node))
      },
      groupOf: (node: number) => (fn(node) === ALL ? -1 : colorGroup(functions, fn(node))),
      shadeOf: (node: number) => (fn(node) === ALL ? 0 : colorShade(functions, fn(node))),
      imagePathOf: (node: number) => (fn(node) === ALL ? '' : imagePath(functions, images, fn(node))),
    }
  }, [tree, functions, images, threads, thread])
}

function useMatches(tree: CallTree | null) {
  const search = useStore((store) => store.view.search)
  const functions = useStore((store) => store.session.functions)
  const images = useStore((store) => store.session.images)
  return useMemo(() => {
    const compiled = compileSearch(search)
    const found = compiled.ok && functions ? findFunctions(compiled.value, { functions, images }) : null
    if (!found || !tree) return { found: null, share: NaN }
    return { found, share: matchedWeight(tree, found) / (amountsOf(tree.total, tree.weight)[0] ?? 0) }
  }, [tree, search, functions, images])
}

function WeightChoice({ weight, noCycles }: { weight: Weight; noCycles: string }) {
  const setWeight = useStore((store) => store.setWeight)
  return (
    <Segmented
      label="Weight"
      value={weight}
      onChange={setWeight}
      choices={[
        { value: 'time', label: 'Time' },
        { value: 'cycles', label: 'Cycles', ...(noCycles && { disabledBecause: noCycles }) },
        { value: 'instructions', label: 'Instructions' },
      ]}
    />
  )
}

/** Of samples: which event's, and whether by what it counted or by their number. */
function SampleChoice({ events, event, byNumber, counts, onEvent, onNumber }: SampleChoiceProps) {
  return (
    <>
      {counts && (
        <Segmented
          label="Weight"
          value={byNumber ? 'samples' : 'events'}
          onChange={(value) => onNumber(value === 'samples')}
          choices={[
            { value: 'events', label: capitalized(weightName('events', event)), title: `What ${event.name} counted: the sum of the samples’ periods` },
            { value: 'samples', label: 'Samples', title: 'How many samples were taken' },
          ]}
        />
      )}
      {events.length > 1 && (
        <PickBox label="Event" value={event.name} options={events.map(({ name }) => ({ value: name, text: name }))} onPick={onEvent} />
      )}
    </>
  )
}

type SampleChoiceProps = {
  events: readonly SampledEvent[]
  event: SampledEvent
  byNumber: boolean
  /** Whether periods say more than the number of samples. */
  counts: boolean
  onEvent(name: string): void
  onNumber(byNumber: boolean): void
}

function Breadcrumbs({
  tree,
  zoom,
  nameOf,
  onZoom,
}: {
  tree: CallTree
  zoom: number
  nameOf(node: number): string
  onZoom(node: number): void
}) {
  return (
    <nav className="flame-crumbs" aria-label="Zoomed to">
      {ancestry(tree, zoom).map((node) => (
        <button
          key={node}
          type="button"
          aria-current={node === zoom ? 'location' : undefined}
          title={nameOf(node)}
          onClick={() => onZoom(node)}
        >
          {nameOf(node)}
        </button>
      ))}
    </nav>
  )
}

function NothingToDraw() {
  const { setRange, setThread } = useStore.getState()
  const range = useStore((store) => store.view.range)
  const thread = useStore((store) => store.view.thread)
  const decoding = useStore((store) => store.session.status === 'decoding')
  const samplesAlone = useStore((store) => whyNoPath(store.session.info) !== '')
  if (range || thread !== null)
    return (
      <EmptyState title="No calls in what is selected">
        Nothing was traced {thread !== null && 'for this thread'} {range && 'in this time range'}.
        <br />
        <Button
          onClick={() => {
            setRange(null)
            setThread(null)
          }}
        >
          Show the whole trace
        </Button>
      </EmptyState>
    )
  if (decoding) return <EmptyState title="Decoding…">The picture fills in as calls are found.</EmptyState>
  if (samplesAlone)
    return (
      <EmptyState title="There are no samples">The file holds neither samples nor a trace of what ran: the Files tab says what is in it.</EmptyState>
    )
  return (
    <EmptyState title="No calls were decoded">
      Nothing could be decoded from this trace. The Files and Packets tabs say what is in it and what is missing.
    </EmptyState>
  )
}

/** The tree by the weight asked for; by one that is known where that weighs nothing, as in a trace without time. */
function treeBy(rows: CallTreeTable | null, asked: Weight, byThread: boolean): { tree: CallTree | null; weight: Weight } {
  const tree = rows && buildCallTree(rows, { weight: asked, byThread })
  const weighs = (weight: Weight) => tree !== null && (amountsOf(tree.total, weight)[0] ?? 0) > 0
  const other = (['instructions', 'cycles', 'time'] as const).find(weighs)
  if (!rows || weighs(asked) || !other) return { tree, weight: asked }
  return { tree: buildCallTree(rows, { weight: other, byThread }), weight: other }
}

/** Of the whole trace, by what they show: who looks at a range comes back to them, also from another view. */
const wholeTrees = new WeakMap<CallTreeTable, Map<string, ReturnType<typeof treeBy>>>()

function wholeTreeBy(rows: CallTreeTable, asked: Weight, byThread: boolean): ReturnType<typeof treeBy> {
  const known = wholeTrees.get(rows) ?? new Map<string, ReturnType<typeof treeBy>>()
  wholeTrees.set(rows, known)
  const key = `${asked} ${byThread}`
  const tree = known.get(key) ?? treeBy(rows, asked, byThread)
  known.set(key, tree)
  return tree
}

/** The same of samples: by number where the event counted nothing else. */
function treeOfSamples(rows: CallTreeTable | null, event: SampledEvent, byNumber: boolean, byThread: boolean): { tree: CallTree | null; counts: boolean } {
  if (!rows) return { tree: null, counts: false }
  const tree = buildCallTree(rows, { weight: byNumber ? 'samples' : 'events', byThread, event })
  const [events = 0] = tree.total.events
  const counts = events > 0 && events !== tree.total.samples[0]
  return { tree: counts || byNumber ? tree : buildCallTree(rows, { weight: 'samples', byThread, event }), counts }
}

/** The events that a file of samples alone has, and the one that is shown; null: calls were followed. */
function useEvents() {
  const noPath = useStore((store) => whyNoPath(store.session.info) !== '')
  const state = useTable('sample_events', noPath ? nothingAsked : null)
  const [wanted, onEvent] = useDetail('flame.event', plainText)
  const table = state.state === 'ready' ? state.table : null
  return useMemo(() => {
    const events = sampledEvents(table)
    const named = events.findIndex(({ name }) => name === wanted)
    const row = Math.max(named, 0)
    return { noPath, none: table?.rows === 0, events, event: events[row] ?? null, row, onEvent }
  }, [noPath, table, wanted, onEvent])
}
const nothingAsked = {}

export default function View() {
  const range = useStore((store) => store.view.range)
  const thread = useStore((store) => store.view.thread)
  const wanted = useStore((store) => store.view.weight)
  const path = useStore((store) => store.view.flamePath)
  const search = useStore((store) => store.view.search)
  const traceNoCycles = useStore((store) => whyNoCycles(store.session.info))
  const setFlamePath = useStore((store) => store.setFlamePath)
  const [byThread, setByThread] = useDetail('flame.threads', yesOrNo)
  const [byNumber, setByNumber] = useDetail('flame.samples', yesOrNo)
  const { noPath, none, events, event, row, onEvent } = useEvents()
  const request = useMemo(
    () => (noPath && !event ? null : { ...(thread !== null && { thread }), ...range, ...(event && { extra: row + 1 }) }),
    [thread, range, noPath, event, row],
  )
  const state = useTable('call_tree', request)
  const rows = state.state === 'ready' ? state.table : state.state === 'loading' ? state.previous : null
  const noCycles = traceNoCycles
  const asked = wanted === 'cycles' && noCycles ? 'time' : wanted
  const isWhole = range === null && state.state === 'ready'
  const followed = useMemo(
    () => (rows && !event && isWhole ? wholeTreeBy(rows, asked, byThread) : treeBy(event ? null : rows, asked, byThread)),
    [event, rows, asked, byThread, isWhole],
  )
  const sampled = useMemo(() => (event ? treeOfSamples(rows, event, byNumber, byThread) : null), [rows, event, byNumber, byThread])
  const tree = sampled ? sampled.tree : followed.tree
  const weight = tree?.weight ?? followed.weight
  const names = useNames(tree)
  const { found, share } = useMatches(tree)
  const zoom = useMemo(() => (tree ? nodeAt(tree, path) : 0), [tree, path])
  const onZoom = (node: number) => tree && setFlamePath(pathOf(tree, node))
  const isEmpty = none || (tree !== null && !((amountsOf(tree.total, weight)[0] ?? 0) > 0))

  return (
    <section className="view-panel" aria-label="Flame graph" aria-busy={state.state === 'loading'}>
      <div className="view-toolbar">
        {event && sampled ? (
          <SampleChoice events={events} event={event} byNumber={byNumber} counts={sampled.counts} onEvent={onEvent} onNumber={setByNumber} />
        ) : (
          !noPath && <WeightChoice weight={followed.weight} noCycles={noCycles} />
        )}
        <Button
          kind="quiet"
          icon="layers"
          aria-pressed={byThread}
          onClick={() => setByThread(!byThread)}
          title="Show one tree for each thread"
        >
          By thread
        </Button>
        {!noPath && weight !== asked && (
          <span className="view-note">
            By {weightName(weight)}: no {weightName(asked)} is known for what is shown.
          </span>
        )}
        {!noPath && weight === asked && wanted === 'cycles' && noCycles && <span className="view-note">By time: {noCycles}</span>}
        {tree && !isEmpty && <Breadcrumbs tree={tree} zoom={zoom} nameOf={names.nameOf} onZoom={onZoom} />}
        {found && tree && !isEmpty && (
          <span className="view-note" role="status">
            “{search.trim()}” is <strong>{shareText(share)}</strong> of {weightName(weight, event)}
          </span>
        )}
      </div>
      <div className="view-body">
        {state.state === 'failed' ? (
          <EmptyState title="The flame graph could not be made">{state.sentence}</EmptyState>
        ) : isEmpty ? (
          <NothingToDraw />
        ) : !tree ? (
          <EmptyState title={noPath ? 'Adding up samples…' : 'Adding up calls…'} />
        ) : (
          <FlameCanvas tree={tree} zoom={zoom} found={found} {...names} onZoom={onZoom} />
        )}
      </div>
    </section>
  )
}
