import { join, resolve } from 'node:path'
import { type BeanContext } from '@aesop/kernel'
import { SqliteStore } from './sqlite-store.ts'

export interface SqliteBootstrapStoreOptions {
  /** Left out: `bootstrap.db` in the folder of the application's state. Relative paths count from the projects root. */
  readonly file?: string
}

/** The bean of a store in one file. Each container that has one opens it for itself. */
export class SqliteBootstrapStore extends SqliteStore {
  constructor({ file }: SqliteBootstrapStoreOptions, { projectsRoot, stateDirectory }: BeanContext) {
    super({ path: file === undefined ? join(stateDirectory, 'bootstrap.db') : resolve(projectsRoot, file) })
  }

  destroy(): Promise<void> {
    return this.close()
  }
}
