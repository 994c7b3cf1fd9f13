import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/*
 * The unit tests of one package, run in a copy of the repository. The `@aesop/` links of node_modules lead out of that copy, to
 * source without mutants, so packages are found by their folder.
 */
const name = process.env['AESOP_MUTANTS_PACKAGE'] ?? ''
const packages = resolve(import.meta.dirname, '../../packages')

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@aesop\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@aesop\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` },
    ],
  },
  test: {
    include: [`packages/${name}/test/**/*.test.ts`],
    setupFiles: ['test/mutants/first-failure.ts'],
    environment: 'node',
    testTimeout: 60_000,
  },
})
