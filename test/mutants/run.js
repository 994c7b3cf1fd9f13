/*
 * `npm run mutants [-- PACKAGE [FILE…]]`: changes the source of a package in one place after the other and runs the
 * package's unit tests against each change. What no test notices is shown at the end. Without a package it lists them.
 */
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'

/**
 * What is held to the score, by package: where a fault would lose, double or reorder events. What survives there is listed with
 * its reason in the package's test/MUTANTS.md. In a large package only the tests that are about these files are asked: others
 * reach them, too, and would hang in most mutants.
 */
const CORE = {
  buffer: { files: ['**/*.ts'], tests: '**/*' },
  event: { files: ['**/*.ts'], tests: '**/*' },
  wire: { files: ['**/*.ts'], tests: '**/*' },
  // The states of the puller, and delivery.
  client: {
    files: ['puller-state.ts', 'delivery*.ts', 'caller.ts', 'dispatcher.ts', 'checkpoint-saver.ts'],
    tests:
      '{puller-state,delivery-policy,dispatcher,checkpoint-saver,acknowledge,schema-change,client,orderly-stop,first-place}',
  },
  'producer-mysql': {
    files: ['transaction/**/*.ts'],
    tests:
      '{transactions,savepoints,table-fault,transaction-begin,event-size-bound,current-rows,schema-places,log-filter,table-changes,mysql9-transactions,transaction-pass,quarantine,undone-rows}',
  },
}
const PACKAGES = Object.keys(CORE)
const SCORE_MIN = 85
const FOLDER = '.mutants'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { anew: { type: 'boolean' } } })
const [name, ...files] = positionals
if (name === undefined) console.log(PACKAGES.join('\n'))
else if (PACKAGES.includes(name)) await run(name, files)
else {
  console.error(`"${name}" is no package with mutation tests, expected one of ${PACKAGES.join(', ')}`)
  process.exitCode = 1
}

async function run(name, files) {
  // Read by vitest.config.ts in the processes that run the tests.
  process.env.AESOP_MUTANTS_PACKAGE = name
  process.env.AESOP_MUTANTS_TESTS = CORE[name].tests
  const source = `packages/${name}/src`
  const named = files.map((file) => `${source}/${file}`)
  await new Stryker({
    // The texts of errors are held by docs/errors.md; a list of exports has nothing to change.
    mutate:
      named.length > 0
        ? named
        : [...CORE[name].files.map((file) => `${source}/${file}`), `!${source}/{errors,index}.ts`],
    ignorePatterns: ['**', '!packages/*/src/**', `!packages/${name}/test/**`, '!test/{mutants,support}/**'],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutants/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    incremental: true,
    incrementalFile: `${FOLDER}/${name}.json`,
    force: values.anew === true,
    tempDirName: `${FOLDER}/sandbox`,
    concurrency: 1,
    reporters: ['clear-text', 'progress-append-only', 'html'],
    clearTextReporter: { allowEmojis: false, logTests: false, reportTests: false },
    htmlReporter: { fileName: `${FOLDER}/${name}.html` },
    thresholds: { high: SCORE_MIN, low: SCORE_MIN, break: named.length > 0 ? null : SCORE_MIN },
    allowConsoleColors: process.stdout.isTTY,
  }).runMutationTest()
}
