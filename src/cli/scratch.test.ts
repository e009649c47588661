import { writeFileSync, mkdirSync } from 'node:fs'
import { it } from 'vitest'
import { Writer } from '../share/little-endian'
import { comm, mapped, perfData, PID, Sample, sample } from './perf-data-for-tests'
it('writes', () => {
  mkdirSync('/tmp/pv/made', { recursive: true })
  const base = Sample.IDENTIFIER | Sample.IP | Sample.TID | Sample.TIME
  let s = 12345n
  const rnd = () => (s = (s * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn) >> 20n
  const values: bigint[] = []
  for (let i = 0; i < 46; i++) values.push(1n << BigInt(i))
  for (let n = 0n; n < 16n; n++) for (const lvl of [0n, 2n, 4n, 6n, 8n, 10n, 0x1002n]) for (const rem of [0n, 1n]) for (const hops of [0n, 1n, 2n, 3n, 4n, 7n]) values.push((n << 33n) | (lvl << 5n) | (rem << 37n) | (hops << 43n))
  for (let i = 0; i < 1500; i++) values.push((rnd() ^ (rnd() << 30n)) & ((1n << 46n) - 1n) & (i % 2 ? rnd() ^ (rnd() << 30n) : -1n))
  for (let i = 0; i < 1500; i++) values.push((rnd() ^ (rnd() << 30n)) & (rnd() ^ (rnd() << 30n)) & (rnd() ^ (rnd() << 30n))& ((1n << 46n) - 1n))
  writeFileSync('/tmp/pv/made/src.perf.data', perfData([{ type: 4, config: 0x1cd, sampleType: base | (1n << 15n), id: 1 }], [comm('calls', 1), mapped('/opt/ptarmigan/calls', 0x401000n, 0x2000, 0x1000n, 1), ...values.map((v, i) => sample(new Writer().u64(1).u64(0x4013e4).u32(PID).u32(PID).u64(5000 + i).u64(v & 0xffffffffffffffffn)))]))
})
