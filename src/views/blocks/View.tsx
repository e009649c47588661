// SPDX-License-Identifier: Apache-2.0
// The blocks tab: what was executed, as blocks or as the branches between them.
import { oneOf } from '../../model/detail-codecs'
import { useDetail } from '../../store'
import { Segmented } from '../../widgets/Segmented'
import { BlocksList } from './BlocksList'
import { BranchesList } from './BranchesList'
import './blocks.css'

type List = 'blocks' | 'branches'
const listCodec = oneOf<List>('blocks', 'branches')

export default function BlocksView() {
  const [list, setList] = useDetail('blocks.list', listCodec)
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
