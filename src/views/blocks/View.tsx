// SPDX-License-Identifier: Apache-2.0
// The blocks tab: what was executed, as blocks or as the branches between them.
import { oneOf } from '../../model/detail-codecs'
import { whyNoPath } from '../../model/names'
import { useDetail, useStore } from '../../store'
import { EmptyState } from '../../widgets/EmptyState'
import { Segmented } from '../../widgets/Segmented'
import { Sentence } from '../../widgets/Sentence'
import { ViewFrame } from '../../widgets/ViewFrame'
import { BlocksList } from './BlocksList'
import { BranchesList } from './BranchesList'
import './blocks.css'

type List = 'blocks' | 'branches'
const listCodec = oneOf<List>('blocks', 'branches')

export default function BlocksView() {
  const [list, setList] = useDetail('blocks.list', listCodec)
  const noPath = useStore((store) => whyNoPath(store.session.info))
  if (noPath !== '')
    return (
      <ViewFrame label="Blocks" bar={<span className="bar-text">Blocks</span>}>
        <EmptyState title="Samples have no blocks">
          <p>
            <Sentence text={noPath} />
          </p>
        </EmptyState>
      </ViewFrame>
    )
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
