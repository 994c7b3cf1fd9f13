import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Makes a folder, and those above it that are missing, for this user alone. One that is there stays as it is. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE })
}

/**
 * Opens a file of the state, uses it, and closes it. One that it makes is for this user alone. A symbolic link in its place
 * is not followed: whoever put it there would choose what is read or overwritten.
 * @param flags of `node:fs`.constants: `O_RDONLY`, `O_WRONLY | O_CREAT | O_EXCL` …
 * @throws the system's error, `ELOOP` for a symbolic link
 */
export function withPrivateFile<Result>(path: string, flags: number, use: (file: number) => Result): Result {
  const file = openSync(path, flags | constants.O_NOFOLLOW, FILE_MODE)
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

/** The same, for whoever closes it. @throws as `withPrivateFile`, as a rejection */
export function openPrivateFile(path: string, flags: number): Promise<FileHandle> {
  return open(path, flags | constants.O_NOFOLLOW, FILE_MODE)
}

/** Flags of a file that must not be there yet. */
export const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
