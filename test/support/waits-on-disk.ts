import { readdirSync, readlinkSync } from 'node:fs'

/** Whether an XA transaction of a process waits on disk: in a file that has no name any more. */
export function waitsOnDisk(pid: number): boolean {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).some((fd) => /\/xa\/.*\(deleted\)$/.test(linkOf(`${folder}/${fd}`)))
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
