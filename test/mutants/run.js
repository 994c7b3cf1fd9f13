/*
 * `npm run mutants [-- PACKAGE [--part N] [FILE…]]`: changes the source of a package in one place after the other and runs the
 * package's unit tests against each change. What no test notices is shown at the end. Without a package it lists them.
 */
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/**
 * What is held to the score, by package: where a fault would lose, double or reorder events. What survives there is listed with
 * its reason in the package's test/MUTANTS.md. A package of many files is measured in parts, one after the other; of its tests
 * only those are asked that are about these files: others reach them, too, and would hang in most mutants.
 */
const CORE = {
  buffer: [
    {
      files: ['{event-buffer,window-places,writer-wait}.ts'],
      tests: [
        'event-buffer',
        'making-room',
        'window-state',
        'reset',
        'copied-windows',
        'bytes-after',
        'durable',
        'far-*',
        'model',
      ],
    },
    {
      files: ['{buffer-*,bytes-from,far-*,visible-next,window-search}.ts'],
      tests: [
        'cursor',
        'bytes-after',
        'far-*',
        'joined-reader',
        'reader-contract',
        'window-search',
        'event-buffer',
        'model',
      ],
    },
    {
      files: ['{check-buffer,segment,segment-*}.ts'],
      tests: ['segment', 'check-buffer', 'event-buffer', 'cursor', 'window-search', 'far-*', 'model'],
    },
  ],
  event: [{ files: ['**/*.ts'], tests: ['**/*'] }],
  // Connections are left out: the client's tests hold them, with servers.
  wire: [{ files: ['!(http-link|relay-connection|relay-link-errors|relay-token).ts'], tests: ['**/*'] }],
  client: [
    { files: ['puller-state.ts', 'delivery-policy.ts'], tests: ['puller-state', 'delivery-policy'] },
    { files: ['delivery.ts', 'delivery-callbacks.ts', 'caller.ts'], tests: ['delivery', 'caller', 'time-budget'] },
    { files: ['dispatcher.ts'], tests: ['dispatcher', 'dispatcher-steps', 'schema-change'] },
    { files: ['checkpoint-saver.ts'], tests: ['checkpoint-saver-steps', 'checkpoint-saver'] },
  ],
  'producer-mysql': [
    {
      files: ['transaction/{table-quarantine,event-rows,row-delivery,savepoints}.ts'],
      tests: ['quarantine', 'faulty-tables', 'undone-rows', 'savepoints', 'event-size-bound', 'oversize-events'],
    },
    {
      files: ['transaction/{row-changes,written-apart,oversize-event}.ts'],
      tests: ['row-changes', 'transactions', 'event-size-bound', 'oversize-events', 'current-rows'],
    },
    {
      files: ['transaction/{held-xa,transaction-*,xa-transactions}.ts'],
      tests: [
        'transactions',
        'undone-rows',
        'transaction-begin',
        'transaction-window',
        'xa-transactions',
        'binlog-decoder',
      ],
    },
    {
      files: ['transaction/binlog-transaction.ts'],
      tests: [
        'transaction-states',
        'transactions',
        'undone-rows',
        'faulty-tables',
        'oversize-events',
        'schema-places',
        'binlog-decoder',
      ],
    },
  ],
}
const PACKAGES = Object.keys(CORE)
const SCORE_MIN = 85
const FOLDER = '.mutants'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { anew: { type: 'boolean' }, part: { type: 'string' } },
})
const [name, ...files] = positionals
if (name === undefined) console.log(PACKAGES.join('\n'))
else if (PACKAGES.includes(name)) await run(name, files)
else {
  console.error(`"${name}" is no package with mutation tests, expected one of ${PACKAGES.join(', ')}`)
  process.exitCode = 1
}

async function run(name, files) {
  const parts = CORE[name]
  if (files.length > 0) await measure(name, name, { files, tests: parts.flatMap(({ tests }) => tests) }, null)
  else if (values.part === undefined) for (const i of parts.keys()) await measurePart(name, i)
  else if (/^[1-9]$/.test(values.part) && Number(values.part) <= parts.length) await measurePart(name, values.part - 1)
  else {
    console.error(`--part ${values.part} is no part of ${name}, expected 1 to ${parts.length}`)
    process.exitCode = 1
  }
}

function measurePart(name, i) {
  return measure(name, i === 0 ? name : `${name}-${i + 1}`, CORE[name][i], SCORE_MIN)
}

/** @param report name of its files @param breakAt score below which the run fails */
async function measure(name, report, { files, tests }, breakAt) {
  // Read by vitest.config.ts in the processes that run the tests.
  process.env.AESOP_MUTANTS_PACKAGE = name
  process.env.AESOP_MUTANTS_TESTS = tests.length > 1 ? `{${tests.join(',')}}` : tests[0]
  const source = `packages/${name}/src`
  await new Stryker({
    // The texts of errors are held by docs/errors.md; a list of exports has nothing to change.
    mutate: [...files.map((file) => `${source}/${file}`), `!${source}/{errors,index}.ts`],
    ignorePatterns: ['**', '!packages/*/src/**', `!packages/${name}/test/**`, '!test/{mutants,support}/**'],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    incremental: true,
    incrementalFile: `${FOLDER}/${report}.json`,
    force: values.anew === true,
    tempDirName: `${FOLDER}/sandbox`,
    concurrency: 1,
    reporters: ['clear-text', 'progress-append-only', 'html'],
    clearTextReporter: { allowEmojis: false, logTests: false, reportTests: false },
    htmlReporter: { fileName: `${FOLDER}/${report}.html` },
    thresholds: { high: SCORE_MIN, low: SCORE_MIN, break: breakAt },
    allowConsoleColors: process.stdout.isTTY,
  }).runMutationTest()
}
