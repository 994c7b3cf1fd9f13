import { constants } from 'node:os'
import type { SeedingProgress } from '@aesop/bootstrap-producer'
import { sleep } from '@aesop/kernel'
import { EXIT_CODES, StatusLine } from '@aesop/runtime'
import { type ProducerPage } from './bootstrap-page.ts'
import { seedingLine } from './seeding-lines.ts'

const LOOK_MS = 500
/** Where nobody looks on, a line comes less often. */
const LINE_MS = 5000

/**
 * Shows how far a table is until it is in, on a terminal in one line. Ctrl-C ends the showing, and not the seeding.
 * @returns the exit code: 0 when the table is seeded
 */
export async function followSeeding(
  table: string,
  look: () => Promise<readonly ProducerPage[]>,
  color: boolean,
): Promise<number> {
  const interrupt = new AbortController()
  const onInterrupt = (): void => {
    interrupt.abort()
  }
  process.once('SIGINT', onInterrupt)
  try {
    return await showUntilDone(table, look, color, interrupt.signal)
  } finally {
    process.removeListener('SIGINT', onInterrupt)
  }
}

async function showUntilDone(
  table: string,
  look: () => Promise<readonly ProducerPage[]>,
  color: boolean,
  signal: AbortSignal,
): Promise<number> {
  const isTerminal = process.stdout.isTTY
  const status = new StatusLine(process.stdout, color)
  let shownMs = -LINE_MS
  for (;;) {
    const progress = progressOf(await look(), table)
    const isOver = progress === undefined || progress.state === 'done' || progress.state === 'void'
    if (progress !== undefined && (isTerminal || isOver || performance.now() - shownMs >= LINE_MS)) {
      shownMs = performance.now()
      const line = seedingLine(progress)
      if (isTerminal) status.show(line)
      else process.stdout.write(`${line.text}\n`)
    }
    if (isOver || signal.aborted) status.keep()
    if (signal.aborted) return sayThatItGoesOn(table)
    if (progress?.state === 'done') return EXIT_CODES.stopped
    if (isOver) {
      process.stderr.write(
        `the seeding of ${table} was ended, or its table has changed; see aesop-launch bootstrap status\n`,
      )
      return EXIT_CODES.died
    }
    await sleep(LOOK_MS, signal)
  }
}

function sayThatItGoesOn(table: string): number {
  const text = `the seeding of ${table} goes on in its process: aesop-launch bootstrap status shows it, bootstrap cancel ends it`
  process.stdout.write(`${text}\n`)
  return EXIT_CODES.forced + constants.signals.SIGINT
}

function progressOf(pages: readonly ProducerPage[], table: string): SeedingProgress | undefined {
  const all = pages.flatMap(({ producers }) => Object.values(producers))
  return all.flatMap(({ seeding }) => seeding).find(({ source }) => source === table)
}
