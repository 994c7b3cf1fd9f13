import { register } from 'tsx/esm/api'

/** The thread of a store, from the sources. */
register()
await import('../src/sqlite/store-thread.ts')
