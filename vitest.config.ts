import { defineConfig } from 'vitest/config'

// Tests run from `src` through the `source` export condition, so no build is needed first.
// Workers pass these conditions to node: with `import` among them, express' `require` of is-promise finds its ESM form.
const ssr = { resolve: { conditions: ['source', 'node', 'module'] } }
const resolve = { conditions: ['source', 'node', 'import', 'module', 'default'] }
const project = (name: string, include: string[], more: object = {}): object => ({
  ssr,
  resolve,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**'],
    environment: 'node',
    setupFiles: ['test/support/each-test.ts'],
    ...more,
  },
})
/** Tests that start processes of `aesop-launch` from `dist`: too slow for a check before every push. */
const processes = [
  'packages/launch/test/{commands,exit-codes}.test.ts',
  'packages/launch/test/running/**/*.test.ts',
  'test/launched-process.test.ts',
]
/** Tests that take many seconds: they run with those. */
const long = [
  'packages/blocking-bootstrap/test/killed-run.test.ts',
  'packages/bootstrap-producer/test/{crash-points,faults,seeding-desk,verifying}.test.ts',
  'packages/client/test/{bootstrapper,bootstrap-schedule}.test.ts',
  'packages/launch/test/convert.test.ts',
  'packages/relay/test/{turns,limits,hostile-requests}.test.ts',
  'packages/producer-mysql/test/{same-bytes,transaction-pass}.test.ts',
  'packages/runtime/test/hostile-descriptors.test.ts',
]
/** Tests of packages that need a database server. */
const servers = ['packages/bootstrap-store/test/mysql-store.test.ts']
/** One more than there are processors: most of what they do is waiting for servers and processes. */
const atATime = { maxWorkers: 3 }
const withServers = { ...atATime, globalSetup: ['test/support/global-setup.ts'], hookTimeout: 120_000 }
const RANDOM = { AESOP_TEST_SEEDS: 'random' }
/** Tests with cases that only `test:soak` tries: `test/support/extent.ts`. */
const withMore = [
  'test/integration/{blocking-bootstrap,bootstrap-verify,history}.test.ts',
  'test/integration/state-{pass,places,release,remedies}.test.ts',
  'test/fault/{event-log,nothing-is-missing-after-kills,random-schedules}.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      project('unit', ['packages/*/test/**/*.test.ts', 'containers/*/test/**/*.test.ts', 'test/*.test.ts'], {
        exclude: ['**/node_modules/**', '**/dist/**', ...processes, ...long, ...servers],
        isolate: false,
        // Far above what any of them takes: a loaded machine is no failure.
        testTimeout: 120_000,
      }),
      project('process', [...processes, ...long], {
        ...atATime,
        globalSetup: ['test/support/run-folder.ts'],
        testTimeout: 60_000,
      }),
      project('integration', ['test/integration/**/*.test.ts', ...servers], { ...withServers, testTimeout: 120_000 }),
      project('fault', ['test/fault/**/*.test.ts'], { ...withServers, testTimeout: 300_000 }),
      // Every property again, with new seeds.
      project('draws', ['packages/*/test/**/*.test.ts', 'test/property.test.ts'], {
        exclude: ['**/node_modules/**', '**/dist/**', ...processes, ...servers],
        isolate: false,
        testTimeout: 60_000,
        env: { ...RANDOM, AESOP_TEST_EXTENT: 'whole' },
      }),
      project('soak', ['test/soak/**/*.test.ts', ...withMore], {
        ...withServers,
        fileParallelism: false,
        testTimeout: 3_600_000,
        env: { ...RANDOM, AESOP_TEST_EXTENT: 'whole' },
      }),
    ],
  },
})
