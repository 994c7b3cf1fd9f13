import { type Dirent, existsSync, readdirSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { systemCodeOf } from '@aesop/kernel'

/** Where the descriptors of a component container were looked for, and what was found. */
export interface Located {
  readonly paths: readonly string[]
  readonly searched: readonly string[]
  /** Why there may be more than was found. */
  readonly remark?: string
}

export interface LocateOptions {
  /** `relay-config.yaml`. */
  readonly descriptorName: string
  /** The `config` of the component container, as written. */
  readonly config?: string | undefined
  readonly bootstrapFolder: string
  readonly projectsRoot: string
}

/**
 * Finds the descriptors of a component container. The first of these that gives something wins: `config`, the folder
 * of the bootstrap descriptor, every folder `resources/external` below the projects root.
 */
export function locateDescriptors(options: LocateOptions): Located {
  const { descriptorName, config, bootstrapFolder, projectsRoot } = options
  if (config !== undefined) {
    const path = isAbsolute(config) ? config : resolve(bootstrapFolder, config)
    return { paths: existsSync(path) ? [path] : [], searched: [path] }
  }
  const beside = join(bootstrapFolder, descriptorName)
  if (existsSync(beside)) return { paths: [beside], searched: [bootstrapFolder] }
  if (dirname(projectsRoot) === projectsRoot) {
    return { paths: [], searched: [bootstrapFolder], remark: 'the projects root is the whole file system' }
  }
  const { paths, unreadable } = existsSync(projectsRoot) ? findBelow(projectsRoot, descriptorName) : NOTHING
  const searched = [bootstrapFolder, join(projectsRoot, '**/resources/external/**')]
  if (unreadable.length === 0) return { paths, searched }
  return { paths, searched, remark: `${unreadable.join(', ')} may not be read` }
}

const NOTHING: Found = { paths: [], unreadable: [] }

interface Found {
  readonly paths: string[]
  readonly unreadable: string[]
}

function findBelow(root: string, name: string): Found {
  const found: string[] = []
  const unreadable: string[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder, unreadable)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) folders.push(path)
      } else if (entry.name === name && /\/resources\/external(\/|$)/.test(dirname(path).replaceAll('\\', '/'))) {
        found.push(path)
      }
    }
  }
  return { paths: found.sort(), unreadable }
}

/** A folder that vanishes while it is searched has nothing to give; one that may not be read is remembered. */
function entriesOf(folder: string, unreadable: string[]): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'EACCES' || code === 'EPERM') unreadable.push(folder)
    else if (code !== 'ENOENT') throw error
    return []
  }
}
