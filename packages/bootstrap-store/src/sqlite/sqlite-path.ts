import { join, resolve } from 'node:path'

/** The folders of an application that paths of stores count from. */
export interface StoreFolders {
  readonly projectsRoot: string
  readonly stateDirectory: string
}

/** The file of a store; relative ones count from the projects root. */
export function sqlitePathOf(file: string | undefined, { projectsRoot, stateDirectory }: StoreFolders): string {
  return file === undefined ? join(stateDirectory, 'bootstrap.db') : resolve(projectsRoot, file)
}
