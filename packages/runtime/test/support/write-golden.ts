import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diagnose, parseGolden } from './golden-file.ts'

/*
 * Writes what a check says today below every case of the golden files: `node --conditions=source --import tsx
 * packages/runtime/test/support/write-golden.ts`, then read the difference before it is committed.
 */
const folder = join(import.meta.dirname, '../fixtures/broken')
for (const name of readdirSync(folder)) {
  const path = join(folder, name)
  const text = readFileSync(path, 'utf8')
  const cases = parseGolden(text)
  const parts = text.split(/^=== /m)
  const written = [parts[0] ?? '']
  for (const [i, golden] of cases.entries()) {
    const head = (parts[i + 1] ?? '').split(/^>>>\n/m)[0] ?? ''
    const said = await diagnose(golden)
    written.push(`${head}>>>\n${said}${said === '' ? '' : '\n'}\n`)
  }
  writeFileSync(path, `${written.join('=== ').trimEnd()}\n`)
}
