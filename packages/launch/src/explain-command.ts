import { type Invocation, suggestion } from '@aesop/runtime'
import { errorCatalogue } from './error-catalogue.ts'
import { UsageError } from './errors.ts'
import { onlyOne } from './option-values.ts'

/** Prints what an error code means. @throws UsageError for a code that does not exist */
export async function explain({ args, options: { json } }: Invocation): Promise<number> {
  const code = onlyOne(args, 'explain', 'an error code')
  const catalogue = await errorCatalogue()
  const wanted = code.toUpperCase()
  const kind = catalogue.find((each) => each.code === wanted)
  if (kind === undefined) {
    const hint = suggestion(
      wanted,
      catalogue.map((each) => each.code),
    )
    throw new UsageError(`there is no error code ${code}`, hint ?? 'docs/errors.md lists all codes')
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(kind, null, 2)}\n`)
    return 0
  }
  const retry = kind.canRetry ? 'The platform tries again by itself.' : 'It does not go away by itself.'
  process.stdout.write(`${kind.code}\n\n${kind.meaning}\n${retry}\n\nWhat to do: ${kind.remedy}\n`)
  return 0
}
