import { errorCatalogue } from '@aesop/launch'

/** The text of `docs/errors.md`, from the errors of all packages. */
export async function errorsPage(): Promise<string> {
  const kinds = await errorCatalogue()
  const entries = kinds.map(
    ({ code, meaning, remedy, canRetry }) =>
      `## ${code}\n\n${meaning}\n\n${remedy}\n\n${canRetry ? 'Retried by itself.' : 'Not retried.'}\n`,
  )
  return `# Errors\n\nEvery error that a user may see: what it means, what to do, and whether the platform tries again by itself. The same text
comes from \`aesop-launch explain CODE\`. This page is written by \`npm run docs:errors\` from the code.\n\n${entries.join('\n')}`
}
