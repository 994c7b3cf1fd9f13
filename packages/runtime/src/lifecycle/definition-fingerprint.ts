import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PreparedContainer } from '../descriptor/launch-preparation.ts'
import { isSecret, secretPrint } from './recipe-print.ts'

/**
 * A text that is equal for two preparations of a container when they make the same beans with the same values. Moved
 * lines and comments do not count; code does not either.
 */
export function definitionFingerprint({ descriptors }: PreparedContainer): string {
  return JSON.stringify(
    descriptors.map((descriptor) => descriptor.beans),
    function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
      const own = this[key]
      if (isSecret(own)) return secretPrint(own)
      if (key === 'at' || typeof value === 'function') return undefined
      return typeof value === 'bigint' ? `${value}n` : value
    },
  )
}

/** The files of the user's classes that a container names; packages are left out. */
export function moduleFiles({ descriptors }: PreparedContainer): readonly string[] {
  const paths = descriptors.flatMap((descriptor) =>
    descriptor.moduleClasses.flatMap(({ module, folder }) => {
      if (module.startsWith('file:')) return [fileURLToPath(module)]
      return /^\.{0,2}\//.test(module) ? [resolve(folder, module)] : []
    }),
  )
  return [...new Set(paths)]
}

/** The files that say what a container is made of: its descriptors and what they import. */
export function descriptorFiles({ paths, descriptors }: PreparedContainer): readonly string[] {
  const beans = descriptors.flatMap((descriptor) => descriptor.beans.map((bean) => bean.at.file.path))
  return [...new Set([...paths, ...beans])]
}

/** When and how a file was written last; a file that is gone has a stamp too. */
export function fileStamp(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 'gone' : `${stats.mtimeMs} ${stats.size}`
}
