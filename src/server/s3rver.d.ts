// SPDX-License-Identifier: Apache-2.0
// What the tests use of s3rver, which comes without types.
declare module 's3rver' {
  type Options = {
    address: string
    port: number
    silent: boolean
    directory: string
    configureBuckets: { name: string; configs?: string[] }[]
  }
  export default class S3rver {
    constructor(options: Options)
    readonly middleware: unknown[]
    run(): Promise<{ port: number }>
    close(): Promise<void>
  }
}
