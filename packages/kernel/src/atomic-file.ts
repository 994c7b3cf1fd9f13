import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makePrivateFolder, NEW_FILE, openPrivateFile, withPrivateFile } from './private-path.ts'

/**
 * Writes a file whole or not at all: a temporary file beside it, fsync, rename, fsync of the folder. A crash at any
 * step leaves the old content or the new one. The temporary name is random: a process id is 1 in every container.
 * File and folder are for this user alone; a symbolic link in the place of the file is replaced, not followed.
 * Synchronous: for what must be on disk before its writer goes on, like a schema, and is seldom written.
 */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const folder = dirname(path)
  makePrivateFolder(folder)
  const temporary = temporaryOf(path)
  try {
    writeDurably(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
}

/**
 * The same, and the process goes on meanwhile: a disk takes milliseconds for an fsync, and checkpoints are written ten times a
 * second. It is written when the promise is fulfilled; one that rejects has no effect later, unless the folder could not be synced:
 * then the new content is there, and a power cut may take it back.
 */
export async function writeFileAtomicallyAsync(path: string, content: string): Promise<void> {
  const temporary = temporaryOf(path)
  try {
    await withHandle(await openNew(temporary), async (file) => {
      await file.writeFile(content)
      await file.sync()
    })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await withHandle(await open(dirname(path), 'r'), (folder) => folder.sync())
}

/** A folder is made where it is missing only: that saves a step of each write. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await openPrivateFile(path, NEW_FILE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makePrivateFolder(dirname(path))
    return openPrivateFile(path, NEW_FILE)
  }
}

async function withHandle(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

const temporaryOf = (path: string): string => `${path}.${randomBytes(8).toString('hex')}.tmp`

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
