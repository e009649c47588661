// SPDX-License-Identifier: Apache-2.0
// Counters in the Prometheus text format. Labels are route patterns and status
// codes, never ids or addresses.

type Labels = Record<string, string>

const labelText = (labels: Labels): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return parts.length > 0 ? `{${parts.join(',')}}` : ''
}

const SECONDS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60] as const

const helps: Record<string, string> = {
  ptarmigan_requests_total: 'Requests answered, by route, method and status.',
  ptarmigan_received_bytes_total: 'Bytes of request bodies.',
  ptarmigan_sent_bytes_total: 'Bytes of response bodies.',
  ptarmigan_shares_total: 'Shares by what happened to them.',
  ptarmigan_refused_total: 'Requests refused, by reason.',
  ptarmigan_log_errors_total: 'Failures that are a fault of the server or its store.',
}

export class Metrics {
  private readonly counters = new Map<string, Map<string, number>>()
  private readonly buckets = SECONDS.map(() => 0)
  private seconds = { sum: 0, count: 0 }
  inFlight = 0

  add(name: string, labels: Labels = {}, by = 1): void {
    let series = this.counters.get(name)
    if (!series) this.counters.set(name, (series = new Map()))
    const key = labelText(labels)
    series.set(key, (series.get(key) ?? 0) + by)
  }

  time(seconds: number): void {
    SECONDS.forEach((limit, at) => {
      if (seconds <= limit) this.buckets[at] = (this.buckets[at] ?? 0) + 1
    })
    this.seconds = { sum: this.seconds.sum + seconds, count: this.seconds.count + 1 }
  }

  /** `gauges` are values of this moment. */
  text(gauges: Record<string, number>): string {
    const lines: string[] = []
    for (const [name, series] of this.counters) {
      lines.push(`# HELP ${name} ${helps[name] ?? name}`, `# TYPE ${name} counter`)
      for (const [labels, value] of series) lines.push(`${name}${labels} ${value}`)
    }
    const histogram = 'ptarmigan_request_seconds'
    lines.push(`# HELP ${histogram} Time from request to the end of the answer.`, `# TYPE ${histogram} histogram`)
    SECONDS.forEach((limit, at) => lines.push(`${histogram}_bucket{le="${limit}"} ${this.buckets[at] ?? 0}`))
    lines.push(`${histogram}_bucket{le="+Inf"} ${this.seconds.count}`)
    lines.push(`${histogram}_sum ${this.seconds.sum.toFixed(6)}`, `${histogram}_count ${this.seconds.count}`)
    for (const [name, value] of Object.entries({ ptarmigan_in_flight: this.inFlight, ...gauges }))
      lines.push(`# TYPE ${name} gauge`, `${name} ${value}`)
    return `${lines.join('\n')}\n`
  }
}
