// SPDX-License-Identifier: Apache-2.0
// The blocks tab: what was executed, as blocks or as the branches between them.
import { useState } from 'react'
import { useStore } from '../../store'
import { Segmented } from '../../widgets/Segmented'
import { BlocksList } from './BlocksList'
import { BranchesList } from './BranchesList'
import './blocks.css'

type List = 'blocks' | 'branches'

export default function BlocksView() {
  const block = useStore((store) => store.view.block)
  const [list, setList] = useState<List>('blocks')
  const [led, setLed] = useState(block)
  // Other views lead to a block: it is in the list of blocks.
  if (block !== led) {
    setLed(block)
    if (block !== null) setList('blocks')
  }
  const choice = (
    <Segmented<List>
      label="List"
      value={list}
      onChange={setList}
      choices={[
        { value: 'blocks', label: 'Blocks', title: 'Basic blocks: visits, time, cycles, IPC' },
        { value: 'branches', label: 'Branches', title: 'Branches: taken or not, mispredicted, turns of loops' },
      ]}
    />
  )
  return list === 'blocks' ? <BlocksList choice={choice} /> : <BranchesList choice={choice} />
}
