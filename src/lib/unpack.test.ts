// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { drain, packingOf, unpack } from './unpack'

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))
/** `seq 1 400 | gzip -9n`, `xz`, `bzip2`, `zstd`. */
const packed = {
  gzip: 'H4sIAAAAAAACAx3UyRXDMAwD0TuqMQDJlvpvLMPc+bLMp2hF1dLWq09HV35ky5ErL3nLr/zJR77Ko1iJUmUpW3mVTznKVR/VKh9ZdalbfdVPPerVerSsFS2+cWltrVfr0zpaV/vRtna0q80P2tqv9qd9tK/eR6/1Rm/1Lr383lfvp/fovfoefdYXfdW39G19/J1P39F3dR4d60SnOktn67w6/Nujc3UfXetGt7pLd+u+up8uMaYGOR56PAR5KPKQ5KHJQ5SHKg9ZHub+2ZibcFNu0k27iTf1Jh/9TEBn+jJHQxPRVDQZTUcT0pQ0KU1LdyCYI6fpaYKaoiapaWqimqomq9eIMUdZk9a0NXFNXZPX9DWBTWHvoWWOyKayyWw6m9CmtEltWpvYfmcHmKO3CW6Km+SmuYluqpvspru/WRbmSG/am/imvslv+hsAI2AIfGarmEPBMBgHA2EkDIWxMBhGw3fWb/aPBcQjeASP4BE8gkfwCB7BI55FZQ6P4BE8gkfwCB7BI7PPs9D/jWZudnqWerZ61nr2ehYbj+ARPNJZfebwCB7BI3gEj+ARPIJH8MiaN8IcHsEjeASP4BE8gkfwCB7Z85iYwyN4BI/gETyCR/AIHsEj77w65vAIHsEjeASP4BE8gkfwyDfPkzk8gkfwCB7BI3gEj+ARPHLmHTOHR/AIHsEjeASP4BE8gkfuPPh58Tx5PIpH8SgexaN4FI/iUTzqOQ3M4VE8ikfxKB7Fo3gUj+LRzA1hDo/iUTyKR/EoHp1LM6dmbs3/2DA352buzRycuThzcvAoHsWjeHTNVWIOj+JRPIpH8SgexaN4FI/uOV/M4VE8ikfxKB7Fo3gUj+LRd+4cc3gUj+JRPIpH8SgexaN49JuDyBwexaN4FI/iUTyKR/EoHj1zOZnDo3gUj+JRPIpH8SgexaN3Tuzc2Ec/IYbd1tQFAAA=',
  xz: '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AXTASpdABiCgo8iTvimVffwmaUlDZBFkVpRtJvKrNwFMuyFUp+xSG3v3OhLuWG64JxTf5jIqVQO/D0q0wbXZkQ9VmSmzT3Xxx9E9BjfAgs/4sbGe+Hnf3lEHHm3Qq5luBu1DoThmoIGIzlaf3KqQ/qlmh+SwL5FcXlK1ZPGkAo5rZxlhyq2GjjH4ZMXytA+CeqwUvAQYCbAXl8QkQ25eXh9l0Jg0KY4d+Ej6LsoT4hSLXVYJj9m/eKc69OvYdk1ev/7YrE8fJMc8mS4TRyFKrFcAAY2AUrrvAVI71xotTxxgZ4sbORnBs+FKnUJGYy8F0QNzTxpxjbEnpzS7js1Ej6TUpedkeFNVjFeyuWWgq9ADIWjSVbIkWpANfkU5FUtUTUkUoSAFyAtXAOMwa3czwAAAACIFdwwdc985gABxgLUCwAAO7tH27HEZ/sCAAAAAARZWg==',
  bzip2:
    'QlpoOTFBWSZTWViZLooAAPFIAAAQf+BQA3gHPOuipUDUm1P1RvyoQDTTQVTz0mk/9UqEUf6pPUftKhBP9VJqm/0qm81uV2/fM+bAPHAFiAdCgUDoQCxwB42AfNAB5pwB82AeOALEA6FAoHQgFjgDxsA+aAC2iAfNgHjgCxAOhQKB0IBY4A8bAPmgA60KBQOhALHAHjYB80AEyZJJJFj2qqvyiqu7u7uyQAAAAAAAAB5nOeKrbbltttWPbJJPvvvvvtkirphyrphyrphyrphyrphyrphyrphyrphyrphyrre9zu7uqcIAAKrFVbbbeIbmpnmZuamZtlXRxlXRxlXRxlXRxlXRxlXRxmv2pOTev2sqq5mZmY8bAPmgMu7u/SfplXRxlXRxlXQXdBd0F3QXdBd0F3QXdb3vdbu7s9JOSSST+kySSe33ve9JP1AAAAAJJJlVWZWZmOhALHAu8u7segAAAAAN73u7v27s7IKB0ILu8u7FySSSSSSSSSSSSSSSSSZVVmZl5iAdCgUXfvb70k+AAAAAA3ve7mZnscAWIB1d3d5YqSSSSSAAAAK7v3327u7/SckkknpIkkk+nve979+/aAAAAAUP8XckU4UJBYmS6KA=',
  zstd: 'KLUv/QRYnRMA+lygCQugxQ1k22RPVe8eApYAlgCWAHvcgDts1zZtz7Zsx3a3ub0dwC6wCewBW8AOsAs2wR7YAOwQrjCFJyzhCDfM8MIgHOqqqZ5a6qhbs14N6kAXTfTQQgddmvRoQIe5Zppnljnmzpw3gznIJZM8ssghV6Y8GcghrpjiiSWOuDHjxSAOvTr16dKjt7Ovgx54ceLDhQcvJx8HPOzatGfLjt3NvQ12uKZnOe58ATzGO87xjYPxAHgBToAP4AJ4AF7ACfgAB4CHsCtsCnvClrAj7IbNsBc2CDvUrtpUe2pL7ajd2qy92qB2oF20ifbQFtpBu7RJe7QB7TC7ZtPsmS2zY3Znc/Zmg9lBdskm2SNbZIfsyqbsyQayQ+yKTbEntsSO2I3N2IsNYofu6qbu6Zbu6G43u9cNugN3cRP3cAt3cJebDJ1AH9AF9AC9oBP0gQ5AD4FX4BT4BC6BR+ANnIEvcBB4KF7FqfgUl+JRvMVZfMVB8UC8iBPxIS7Eg3iJk/iIA+JheA2n4TNchsfwDufwDQfDg/ASTsJHuAgP4RVO4RMOhIfgFZyCT3AJHsEbnMEXHAQP5VVO5VMu5VHecpavHJQH8iIn8iEX8iAvOclHDsjDeI3T+IzLAgMQh9ArdAp9QpfQI/SGztAXOgg9VK/qVH2qS/Wo3uqsvuqgeqBe1In6UBfqQb3USX3UAfUwvabT9Jku02N6p3P6poPpQXpJJ+kjXaSH9Eqn9EkH0kP0ik7RJ7pEj+iNzuiLDqKH9mqn9mmX9mhvO9vXDtoDe7ET+7ALe7CXnexjB+xhvdZpfdZlPda7zvWtg/UAeoEBAEk6wpoCO6A4CA==',
}
const wanted = Array.from({ length: 400 }, (_, at) => `${at + 1}\n`).join('')

function streamOf(bytes: Uint8Array<ArrayBuffer>, piece: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull: (to) => {
      if (at >= bytes.length) return to.close()
      to.enqueue(bytes.slice(at, at + piece))
      at += piece
    },
  })
}

async function textOf(kind: keyof typeof packed, bytes: Uint8Array<ArrayBuffer>, piece: number): Promise<string> {
  const parts: Uint8Array[] = []
  const done = await drain('x', await unpack(kind, streamOf(bytes, piece)), (part) => void parts.push(part))
  return done.ok ? Buffer.concat(parts).toString() : done.error
}

describe.each(Object.keys(packed) as (keyof typeof packed)[])('%s', (kind) => {
  const bytes = bytesOf(packed[kind])
  it('is known by its first bytes', () => expect(packingOf(bytes.subarray(0, 6))).toBe(kind))
  it('unpacks in one piece and in many', async () => {
    expect(await textOf(kind, bytes, bytes.length)).toBe(wanted)
    expect(await textOf(kind, bytes, 7)).toBe(wanted)
  })
  it('cut short says so', async () => {
    expect(await textOf(kind, bytes.slice(0, bytes.length - 20), 64)).toMatch(/^x could not be unpacked beyond \d+ bytes: .+\.$/)
  })
})

it('what is not packed is not called so', () => {
  expect(packingOf(Uint8Array.from(Buffer.from('PERFILE2')))).toBe(null)
  expect(packingOf(new Uint8Array())).toBe(null)
})
