// SPDX-License-Identifier: Apache-2.0
/** PNG files by name, drawn from the text of icon.svg. */
export function icons(svg: string): Record<string, Buffer>
