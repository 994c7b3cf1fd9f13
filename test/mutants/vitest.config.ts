import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/*
 * The unit tests of one package, run in a copy of the repository. The `@aesop/` links of node_modules lead out of that copy, to
 * source without mutants, so packages are found by their folder.
 */
const name = process.env['AESOP_MUTANTS_PACKAGE'] ?? ''
const tests = process.env['AESOP_MUTANTS_TESTS'] ?? ''
const packages = resolve(import.meta.dirname, '../../packages')

/** Most mutants are noticed by a quick test: files that wait for a relay, and those with properties, come last. */
class QuickFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const slowness = ({ moduleId }: TestSpecification): number => {
      const text = readFileSync(moduleId, 'utf8')
      return text.includes("from 'fast-check'") ? 2 : Number(text.includes('test-relay'))
    }
    return Promise.resolve(files.toSorted((a, b) => slowness(a) - slowness(b)))
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@aesop\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@aesop\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` },
    ],
  },
  test: {
    include: [`packages/${name}/test/${tests}.test.ts`],
    setupFiles: ['test/mutants/first-failure.ts'],
    environment: 'node',
    // Each run for a mutant has a worker of its own: within it, files may share what they import. It takes half of the time.
    isolate: false,
    sequence: { sequencer: QuickFirst },
    testTimeout: 60_000,
  },
})
