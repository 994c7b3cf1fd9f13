import { constants } from 'node:os'
import type { BootstrapProducers, TableReport } from '@aesop/bootstrap-producer'
import { AesopError, formatJson } from '@aesop/kernel'
import { EXIT_CODES, formatError, type Invocation, SecretMask, StatusLine } from '@aesop/runtime'
import { comparedLines, comparingLine } from './verify-lines.ts'
import { withProducers } from './with-producers.ts'

/** As those of `diff`: whoever asks wants to know more than whether the command worked. */
const VERIFY_CODES = { equal: 0, differs: 1, notCompared: 2 } as const

/**
 * Compares tables with what the store of a descriptor's producer has, beside the running producer or without it. Ctrl-C ends it, and
 * shows how far it came.
 * @returns the exit code: 0 equal, 1 something differs, 2 something could not be compared, 130 it was interrupted
 */
export async function verify(invocation: Invocation, path: string, tables: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  const onInterrupt = (): void => {
    interrupt.abort()
  }
  process.once('SIGINT', onInterrupt)
  try {
    const code = await withProducers(invocation, path, (producers) =>
      verifyAll(invocation, producers, tables, interrupt.signal),
    )
    return code === EXIT_CODES.descriptors ? VERIFY_CODES.notCompared : code
  } catch (error) {
    if (!(error instanceof AesopError)) throw error
    const { verbose, color } = invocation.options
    process.stderr.write(`${formatError(error, { mask: new SecretMask(), verbose, color })}\n`)
    return VERIFY_CODES.notCompared
  } finally {
    process.removeListener('SIGINT', onInterrupt)
  }
}

async function verifyAll(
  { options: { json, quiet, color } }: Invocation,
  producers: readonly BootstrapProducers[],
  tables: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const status = process.stderr.isTTY && !quiet ? new StatusLine(process.stderr, color) : undefined
  const reports: TableReport[] = []
  const question = {
    signal,
    onMoved: (report: TableReport) => {
      status?.show(comparingLine(report))
    },
  }
  for (const table of tables.length === 0 ? producers.flatMap(({ sources }) => sources) : tables) {
    // Where none has the table, one of them says which there are.
    const producer = producers.find((each) => each.has(table)) ?? producers[0]
    if (producer !== undefined) reports.push(await producer.verify(table, question))
  }
  status?.clear()
  const lines = json ? [formatJson({ tables: reports }, 2)] : reports.flatMap(comparedLines)
  process.stdout.write(`${lines.join('\n')}\n`)
  return codeOf(reports)
}

/** The worst of them. */
function codeOf(reports: readonly TableReport[]): number {
  const has = (outcome: TableReport['outcome']): boolean => reports.some((each) => each.outcome === outcome)
  if (has('interrupted')) return EXIT_CODES.forced + constants.signals.SIGINT
  if (has('notCompared')) return VERIFY_CODES.notCompared
  return has('differs') ? VERIFY_CODES.differs : VERIFY_CODES.equal
}
