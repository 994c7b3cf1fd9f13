import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { systemCodeOf } from './aesop-error.ts'
import { fileNameOf, formerFileNamesOf } from './file-name.ts'

/**
 * Where the file or folder of a name lies: `<folder>/<file name><ending>`. One that a former version called otherwise gets
 * its name of today first, when there is none yet and it can be renamed. Names are compared as the folder lists them: a disk
 * that tells no case would give the file of another name.
 * @param former texts by which former versions called it, too
 */
export function namedPath(folder: string, name: string, ending = '', former: readonly string[] = []): string {
  const today = `${fileNameOf(name)}${ending}`
  const formerNames = [name, ...former].flatMap(formerFileNamesOf).map((each) => `${each}${ending}`)
  const found = formerNames.every((each) => each === today) ? today : firstOf([today, ...formerNames], folder)
  return found === undefined || found === today ? join(folder, today) : renamed(folder, found, today)
}

function firstOf(names: readonly string[], folder: string): string | undefined {
  const listed = new Set(list(folder))
  return names.find((name) => listed.has(name))
}

function renamed(folder: string, former: string, today: string): string {
  try {
    renameSync(join(folder, former), join(folder, today))
    return join(folder, today)
  } catch (error) {
    // Of a folder that may only be read: it is good for that under its former name.
    if (systemCodeOf(error) === undefined) throw error
    return join(folder, former)
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    // A folder that can't be read is told by whoever reads the file.
    if (systemCodeOf(error) === undefined) throw error
    return []
  }
}
