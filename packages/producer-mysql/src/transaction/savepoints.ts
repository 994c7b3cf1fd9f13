/** The savepoints of a transaction, as its log sets them and goes back to them. */
export class Savepoints {
  /** In the order in which they were set. */
  readonly #undo = new Map<string, () => void>()

  /** @param undo forgets what came after the savepoint */
  set(sql: string, undo: () => void): void {
    const name = nameIn(sql)
    this.#undo.delete(name)
    this.#undo.set(name, undo)
  }

  /** What undoes all since the savepoint, which stays; those set after it are gone. Undefined: it was not set. */
  rollBack(sql: string): (() => void) | undefined {
    const wanted = nameIn(sql)
    const undo = this.#undo.get(wanted)
    if (undo === undefined) return undefined
    for (const name of [...this.#undo.keys()].reverse()) {
      if (name === wanted) break
      this.#undo.delete(name)
    }
    return undo
  }

  clear(): void {
    // Every transaction asks: a map that is cleared makes itself anew, be it empty.
    if (this.#undo.size > 0) this.#undo.clear()
  }
}

/** Names are told apart as the server does it: without regard to case and to accents. */
function nameIn(sql: string): string {
  const [, name = ''] =
    /^(?:SAVEPOINT|ROLLBACK\s+(?:WORK\s+)?TO(?:\s+SAVEPOINT)?)\s*([\s\S]*?)\s*;?\s*$/i.exec(sql) ?? []
  const plain = /^`[\s\S]*`$/.test(name) ? name.slice(1, -1).replaceAll('``', '`') : name
  return plain.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()
}
