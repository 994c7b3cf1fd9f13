import { setTimeout as delay } from 'node:timers/promises'
import { ITEMS, TAGS } from './copied-shop.ts'
import { ROW_TEXT } from './markers.ts'
import { SeededDraw } from './seeded-draw.ts'
import { type ShopServer } from './shop-server.ts'

/** Changes rows of both tables until it is stopped. */
export class ShopWriter {
  transactions = 0
  readonly #shop: ShopServer
  readonly #draw: SeededDraw
  #isStopped = false

  constructor(shop: ShopServer, seed: number) {
    this.#shop = shop
    this.#draw = new SeededDraw(seed)
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    const connection = await this.#shop.server.connect()
    try {
      while (!this.#isStopped) {
        const statements = Array.from({ length: 1 + this.#draw.below(3) }, () => this.#statement())
        await connection.query(['BEGIN', ...statements, 'COMMIT'].join(';')).catch(passDeadlock)
        this.transactions++
        await delay(4)
      }
    } finally {
      await connection.end()
    }
  }

  #statement(): string {
    const id = this.#draw.below(ITEMS + ITEMS / 4)
    const word = `w${this.#draw.below(TAGS)}`
    switch (this.#draw.below(6)) {
      case 0:
        return `DELETE FROM shop.item WHERE id = ${id}`
      case 1:
        return `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${id} AND ${id + 20}`
      case 2:
        return `UPDATE IGNORE shop.item SET id = id + 1000000 WHERE id = ${id}`
      case 3:
        return `REPLACE INTO shop.tag VALUES ('${this.#draw.below(2) === 0 ? word.toUpperCase() : word}', ${id})`
      case 4:
        return `DELETE FROM shop.tag WHERE word = '${word}'`
      default:
        return `REPLACE INTO shop.item VALUES (${id}, '${ROW_TEXT} ${id}', 0)`
    }
  }
}

/** Two writers may wait for each other: the server gives one of them up. */
function passDeadlock(error: unknown): void {
  if ((error as { code?: string }).code !== 'ER_LOCK_DEADLOCK') throw error
}
