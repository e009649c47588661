// SPDX-License-Identifier: Apache-2.0
// The flame graph tab: calls by path for the selected thread and time range,
// weighed by time, cycles or instructions.
import { useMemo } from 'react'
import { ALL, type CallTreeTable } from '../../model/tables.gen'
import { amountsOf, buildCallTree, matchedWeight, nodeAt, pathOf, type CallTree } from '../../model/call-tree'
import { colorGroup, functionName, imagePath, threadLabel, whyNoCycles } from '../../model/names'
import { yesOrNo } from '../../model/detail-codecs'
import { compileSearch, matchRows } from '../../model/search'
import type { Weight } from '../../model/view-state'
import { useDetail, useStore, useTable } from '../../store'
import { Button } from '../../widgets/Button'
import { EmptyState } from '../../widgets/EmptyState'
import { shareText } from '../../widgets/number-text'
import { Segmented } from '../../widgets/Segmented'
import { weightName } from './describe'
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
    const found = compiled.ok && functions ? matchRows(compiled.value, functions.rows, (row) => functionName(functions, images, row)) : null
    if (!found || !tree) return { found: null, share: NaN }
    return { found, share: matchedWeight(tree, found) / (amountsOf(tree.total, tree.weight)[0] ?? 0) }
  }, [tree, search, functions, images])
}

function WeightChoice({ weight }: { weight: Weight }) {
  const setWeight = useStore((store) => store.setWeight)
  const info = useStore((store) => store.session.info)
  const noCycles = whyNoCycles(info)
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
  return (
    <EmptyState title="No calls were decoded">
      Nothing could be decoded from this trace. The Files and Packets tabs say what is in it and what is missing.
    </EmptyState>
  )
}

/** The tree by the weight asked for; by instructions where that weighs nothing, as in a trace without time. */
function treeBy(rows: CallTreeTable | null, asked: Weight, byThread: boolean): { tree: CallTree | null; weight: Weight } {
  const tree = rows && buildCallTree(rows, { weight: asked, byThread })
  const weighs = (weight: Weight) => tree !== null && (amountsOf(tree.total, weight)[0] ?? 0) > 0
  if (!rows || weighs(asked) || !weighs('instructions')) return { tree, weight: asked }
  return { tree: buildCallTree(rows, { weight: 'instructions', byThread }), weight: 'instructions' }
}

export default function View() {
  const range = useStore((store) => store.view.range)
  const thread = useStore((store) => store.view.thread)
  const wanted = useStore((store) => store.view.weight)
  const path = useStore((store) => store.view.flamePath)
  const search = useStore((store) => store.view.search)
  const noCycles = useStore((store) => whyNoCycles(store.session.info))
  const setFlamePath = useStore((store) => store.setFlamePath)
  const [byThread, setByThread] = useDetail('flame.threads', yesOrNo)
  const asked = wanted === 'cycles' && noCycles ? 'time' : wanted

  const request = useMemo(() => ({ ...(thread !== null && { thread }), ...range }), [thread, range])
  const state = useTable('call_tree', request)
  const rows = state.state === 'ready' ? state.table : state.state === 'loading' ? state.previous : null
  const { tree, weight } = useMemo(() => treeBy(rows, asked, byThread), [rows, asked, byThread])
  const names = useNames(tree)
  const { found, share } = useMatches(tree)
  const zoom = useMemo(() => (tree ? nodeAt(tree, path) : 0), [tree, path])
  const onZoom = (node: number) => tree && setFlamePath(pathOf(tree, node))
  const isEmpty = tree !== null && !((amountsOf(tree.total, weight)[0] ?? 0) > 0)

  return (
    <section className="view-panel" aria-label="Flame graph" aria-busy={state.state === 'loading'}>
      <div className="view-toolbar">
        <WeightChoice weight={weight} />
        <Button
          kind="quiet"
          icon="layers"
          aria-pressed={byThread}
          onClick={() => setByThread(!byThread)}
          title="Show one tree for each thread"
        >
          By thread
        </Button>
        {weight !== asked && <span className="view-note">By instructions: no {weightName[asked]} is known for what is shown.</span>}
        {weight === asked && wanted === 'cycles' && noCycles && <span className="view-note">By time: {noCycles}</span>}
        {tree && !isEmpty && <Breadcrumbs tree={tree} zoom={zoom} nameOf={names.nameOf} onZoom={onZoom} />}
        {found && tree && !isEmpty && (
          <span className="view-note" role="status">
            “{search.trim()}” is <strong>{shareText(share)}</strong> of {weightName[weight]}
          </span>
        )}
      </div>
      <div className="view-body">
        {state.state === 'failed' ? (
          <EmptyState title="The flame graph could not be made">{state.sentence}</EmptyState>
        ) : !tree ? (
          <EmptyState title="Adding up calls…" />
        ) : isEmpty ? (
          <NothingToDraw />
        ) : (
          <FlameCanvas tree={tree} zoom={zoom} found={found} {...names} onZoom={onZoom} />
        )}
      </div>
    </section>
  )
}
