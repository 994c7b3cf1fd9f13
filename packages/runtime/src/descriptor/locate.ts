import { existsSync, readdirSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'

/** Where the descriptors of a component container were looked for, and what was found. */
export interface Located {
  readonly paths: readonly string[]
  readonly searched: readonly string[]
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
  const paths = existsSync(projectsRoot) ? findBelow(projectsRoot, descriptorName) : []
  return { paths, searched: [bootstrapFolder, join(projectsRoot, '**/resources/external/**')] }
}

function findBelow(root: string, name: string): string[] {
  const found: string[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) folders.push(path)
      } else if (entry.name === name && /\/resources\/external(\/|$)/.test(dirname(path).replaceAll('\\', '/'))) {
        found.push(path)
      }
    }
  }
  return found.sort()
}
