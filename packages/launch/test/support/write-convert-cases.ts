import { writeFileSync } from 'node:fs'
import { convertCases, converted, FEATURES } from './convert-cases.ts'

/** Writes what the converter says today below every case; read the difference before it is committed. */
const parts = convertCases().map(({ title, xml }) => `=== ${title}\n${xml}>>>\n${converted(xml).text}\n`)
writeFileSync(FEATURES, parts.join('\n'))
