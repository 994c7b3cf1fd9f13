import { setTimeout as delay } from 'node:timers/promises'
import { type MariadbServer } from '../../test/support/mariadb-server.ts'

/** Some hundred transactions a second: what a target takes that is written to by one statement for each. */
const PAUSE_MS = 3

/** Inserts, changes and deletes people, one transaction after the other, until it is stopped. */
export class PeopleWriter {
  transactions = 0
  readonly #server: MariadbServer
  readonly #people: number
  #isStopped = false

  constructor(server: MariadbServer, people: number) {
    this.#server = server
    this.#people = people
  }

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const turn = this.transactions++
      // Far apart, so that they meet what is being read, what was read and what is to come.
      const id = (turn * 7919) % this.#people
      await this.#server.query(
        `BEGIN;
         UPDATE or_test.person SET balance = balance + 1 WHERE id BETWEEN ${id} AND ${id + 2};
         DELETE FROM or_test.person WHERE id = ${(id + 11) % this.#people};
         INSERT INTO or_test.person VALUES (${this.#people + 1 + turn}, 'new', 'person ${turn}', ${turn});
         COMMIT`,
      )
      await delay(PAUSE_MS)
    }
  }
}
