import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertNoLeak } from './markers.ts'
import { runFolder } from './run-folder.ts'

/** What tests put there for a process to read: descriptors and the files that they name hold secrets. */
const INPUTS = /\.(?:yaml|xml)$|^(?:password|credential)$/
/** Where rows belong: logs of servers, files of buffers, and what consumers keep. */
const ROWS = /^(?:mysql-bin\.\d+|seen|\d+\.segment)$/
/** Folders that none of our processes writes to: data of database servers that others are copied from, and packages. */
const NOT_OURS = new Set(['server-data', 'node_modules'])

/** A folder of a test, below the folder of the run. */
export function newFolder(name: string, parent = runFolder() ?? tmpdir()): string {
  return mkdtempSync(join(parent, `aesop-${name}-`))
}

/** Removes a folder of a test, and fails when what processes have written there holds a marker. */
export function removeFolder(folder: string): void {
  try {
    searchFolder(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Fails when a file below, as far as it is not named above, holds a marker. */
export function searchFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) searchFolder(path)
    if (entry.isFile() && !INPUTS.test(entry.name)) searchFile(path, entry.name)
  }
}

function searchFile(path: string, name: string): void {
  assertNoLeak(`the file ${path}`, readFileSync(path, 'latin1'), ROWS.test(name) ? ['secret'] : ['secret', 'row'])
}
