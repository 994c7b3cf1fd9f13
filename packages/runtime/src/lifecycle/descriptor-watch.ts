import { unwatchFile, watchFile } from 'node:fs'
import type { Application } from './application.ts'
import { descriptorFiles, moduleFiles } from './definition-fingerprint.ts'

/** How often the files are looked at: by polling, because not every file system tells of changes. */
const INTERVAL_MS = 250

/**
 * Calls `onChange` when a descriptor of the application, or the code of a class that one names, was written; again only
 * after it has come to an end. The returned function ends the watch.
 */
export function watchDescriptors(
  application: Application,
  bootstrapPath: string,
  onChange: () => Promise<void>,
): () => Promise<void> {
  const watched = new Set<string>()
  let isChanging = false
  let isChangedAgain = false

  const changed = async (): Promise<void> => {
    isChangedAgain = true
    if (isChanging) return
    isChanging = true
    while (isChangedAgain) {
      isChangedAgain = false
      await onChange()
      watchNew()
    }
    isChanging = false
  }
  const listener = (): void => void changed()
  // A reload may bring new files; those that are left out are watched on, which costs one look at a file.
  const watchNew = (): void => {
    const prepared = application.containers.map((container) => container.prepared)
    const files = [bootstrapPath, ...prepared.flatMap((each) => [...descriptorFiles(each), ...moduleFiles(each)])]
    for (const file of files) {
      if (watched.has(file)) continue
      watched.add(file)
      watchFile(file, { interval: INTERVAL_MS, persistent: false }, listener)
    }
  }
  watchNew()
  return () => {
    for (const file of watched) unwatchFile(file, listener)
    return Promise.resolve()
  }
}
