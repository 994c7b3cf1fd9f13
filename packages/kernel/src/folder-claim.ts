import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCodeOf } from './aesop-error.ts'
import { NEW_FILE, withPrivateFile } from './private-path.ts'
import { readIfThere } from './read-if-there.ts'

/** Who holds a folder, for people. */
export interface FolderHolder {
  /** The application, or the command. */
  readonly what: string
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly since: string
}

/** One entry `<number>.claim` of the folder of the lock. */
export interface FolderClaim {
  readonly number: number
  /** Name of the socket beside it; undefined when the file can't be read, so that nobody can listen behind it. */
  readonly socket: string | undefined
  readonly holder: FolderHolder
}

const CLAIM = /^(\d+)\.claim$/
const NOBODY: FolderHolder = { what: 'somebody', pid: 0, host: 'an unknown host', since: 'an unknown time' }

/** The claim with the highest number; undefined: the folder was never held. */
export function highestClaim(folder: string): FolderClaim | undefined {
  for (;;) {
    const number = Math.max(0, ...claimNumbers(folder))
    if (number === 0) return undefined
    const text = readIfThere(claimPath(folder, number))
    if (text !== undefined) return parseClaim(number, text)
    // A higher one has come meanwhile, whose holder removed this one.
  }
}

export function claimNumbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => CLAIM.exec(name)?.[1] ?? [])
    .map(Number)
}

/** Makes the claim, whole, unless one of that number is there. @returns whether it was made */
export function makeClaim(folder: string, number: number, socket: string, holder: FolderHolder): boolean {
  const draft = join(folder, `${socket}.tmp`)
  withPrivateFile(draft, NEW_FILE, (file) => {
    writeFileSync(file, `${JSON.stringify({ socket, holder })}\n`)
  })
  try {
    linkSync(draft, claimPath(folder, number))
    return true
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'EEXIST' || code === 'ENOENT') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

export function removeClaim(folder: string, number: number): void {
  rmSync(claimPath(folder, number), { force: true })
}

function claimPath(folder: string, number: number): string {
  return join(folder, `${number}.claim`)
}

/** A claim is linked when it is whole; one that can't be read was damaged later, by a disk or a hand. */
function parseClaim(number: number, text: string): FolderClaim {
  try {
    const { socket, holder } = JSON.parse(text) as { socket?: unknown; holder?: Partial<FolderHolder> }
    return { number, socket: typeof socket === 'string' ? socket : undefined, holder: { ...NOBODY, ...holder } }
  } catch {
    return { number, socket: undefined, holder: NOBODY }
  }
}
