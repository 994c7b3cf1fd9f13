import { createHash, randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runFolder } from './run-folder.ts'

/** What belongs to one server alone: each makes its own at its start. */
const OWN = /^auto\.cnf$|\.pem$/

/**
 * Fills an empty data directory, by `install` for the first server of a configuration, and for all others by a copy of what
 * that one had before its first start: a MySQL takes seconds to install, and a tenth of one to copy.
 * @param configuration without what differs from server to server
 */
export function fillData(data: string, configuration: string, install: () => void): void {
  const folder = runFolder()
  if (folder === undefined) {
    install()
    return
  }
  const templates = join(folder, 'server-data')
  mkdirSync(templates, { recursive: true })
  const template = join(templates, createHash('sha256').update(configuration).digest('hex'))
  if (!existsSync(template)) {
    install()
    keep(data, template)
    return
  }
  copy(template, data)
}

/** Under its name only when it is whole: another process may look for it. */
function keep(data: string, template: string): void {
  const partial = `${template}.${randomUUID()}`
  copy(data, partial)
  for (const name of readdirSync(partial)) if (OWN.test(name)) rmSync(join(partial, name))
  try {
    renameSync(partial, template)
  } catch {
    // The other process was first: a folder does not take the place of one that holds something.
    rmSync(partial, { recursive: true })
  }
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
}
