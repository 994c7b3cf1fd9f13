import type { Application } from './application.ts'
import { descriptorFiles, fileStamp, moduleFiles } from './definition-fingerprint.ts'

/** How often the files are looked at: by polling, because not every file system tells of changes. */
const INTERVAL_MS = 250

/**
 * Calls `onChange` when a descriptor of the application, or the code of a class that one names, was written after this
 * call; again only when that has come to an end. `onChange` must not reject. The returned function ends the watch.
 */
export function watchDescriptors(
  application: Application,
  bootstrapPath: string,
  onChange: () => Promise<void>,
): () => Promise<void> {
  const stamps = new Map<string, string>()
  /** A reload may bring new files; those that are left out are watched on, which costs one look at a file. */
  const watchNew = (): void => {
    const prepared = application.containers.map((container) => container.prepared)
    const files = [bootstrapPath, ...prepared.flatMap((each) => [...descriptorFiles(each), ...moduleFiles(each)])]
    for (const file of files) if (!stamps.has(file)) stamps.set(file, fileStamp(file))
  }
  const changed = (): boolean => {
    const written = [...stamps].filter(([file, stamp]) => fileStamp(file) !== stamp)
    for (const [file] of written) stamps.set(file, fileStamp(file))
    return written.length > 0
  }
  let isChanging = false
  const look = async (): Promise<void> => {
    if (isChanging || !changed()) return
    isChanging = true
    await onChange()
    watchNew()
    isChanging = false
  }
  watchNew()
  const timer = setInterval(() => void look(), INTERVAL_MS).unref()
  return () => {
    clearInterval(timer)
    return Promise.resolve()
  }
}
