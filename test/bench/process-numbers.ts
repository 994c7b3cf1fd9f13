import { readFileSync } from 'node:fs'

/** `/proc` counts processor time in hundredths of a second, whatever the kernel does. */
const TICKS_PER_SECOND = 100
/** Of the fields of `/proc/PID/stat`, after the name: `utime` and `stime`. */
const USER_FIELD = 11
const SYSTEM_FIELD = 12

/** Resident size of a process now, in bytes. */
export function residentBytesOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** What a process has had of a processor until now: unlike the clock it hardly depends on what else runs. */
export function cpuSecondsOf(pid: number | undefined): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')
      .at(-1)
      ?.split(' ') ?? []
  return (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) / TICKS_PER_SECOND
}
