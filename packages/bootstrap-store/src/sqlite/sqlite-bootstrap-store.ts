import { type BeanContext } from '@aesop/kernel'
import { sqlitePathOf } from './sqlite-path.ts'
import { SqliteStore } from './sqlite-store.ts'

export interface SqliteBootstrapStoreOptions {
  /** Left out: `bootstrap.db` in the folder of the application's state. Relative paths count from the projects root. */
  readonly file?: string
}

/** The bean of a store in one file. Each container that has one opens it for itself. */
export class SqliteBootstrapStore extends SqliteStore {
  constructor({ file }: SqliteBootstrapStoreOptions, context: BeanContext) {
    super({ path: sqlitePathOf(file, context) })
  }

  destroy(): Promise<void> {
    return this.close()
  }
}
