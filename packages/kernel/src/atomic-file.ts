import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makePrivateFolder, NEW_FILE, withPrivateFile } from './private-path.ts'

/**
 * Writes a file whole or not at all: a temporary file beside it, fsync, rename, fsync of the folder. A crash at any
 * step leaves the old content or the new one. The temporary name is random: a process id is 1 in every container.
 * File and folder are for this user alone; a symbolic link in the place of the file is replaced, not followed.
 * Synchronous, because what it keeps (a checkpoint, a schema) must be on disk before its writer goes on.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const folder = dirname(path)
  makePrivateFolder(folder)
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    writeDurably(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
}

function writeDurably(path: string, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
  withPrivateFile(path, NEW_FILE, (file) => {
    let written = 0
    while (written < bytes.length) written += writeSync(file, bytes, written)
    fsyncSync(file)
  })
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** What `writeFileAtomically` calls its temporary files; a plain number: the process id of earlier versions. */
const LEFT_OVER = /\.(?:[0-9a-f]{16}|\d+)\.tmp$/

/**
 * Removes the temporary files that killed writers left in a folder and below it. To be called by whoever knows that
 * nobody is writing there: the holder of the lock of a state directory, before it makes anything.
 */
export function removeLeftOverFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) removeLeftOverFiles(path)
    else if (entry.isFile() && LEFT_OVER.test(entry.name)) rmSync(path, { force: true })
  }
}
