/** Ids of a page are a bit each. */
const PAGE_BITS = 13n
const PAGE_BYTES = 1 << (Number(PAGE_BITS) - 3)
const WITHIN = (1n << PAGE_BITS) - 1n

/** Which rows of a store were met, by their ids: a bit for each, in pages of 1 KiB where there are any. */
export class MetRows {
  readonly #pages = new Map<bigint, Uint8Array>()

  add(id: bigint): void {
    const number = id >> PAGE_BITS
    let page = this.#pages.get(number)
    if (page === undefined) this.#pages.set(number, (page = new Uint8Array(PAGE_BYTES)))
    const bit = Number(id & WITHIN)
    page[bit >> 3] = (page[bit >> 3] ?? 0) | (1 << (bit & 7))
  }

  has(id: bigint): boolean {
    const bit = Number(id & WITHIN)
    return (((this.#pages.get(id >> PAGE_BITS)?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1
  }
}
