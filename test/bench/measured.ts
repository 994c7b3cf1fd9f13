/** What a piece of work took of the clock, and of the processors: the second hardly depends on what else runs. */
export interface Measured {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Work of this process, its threads included. */
export async function measured(work: () => void | Promise<void>): Promise<Measured> {
  const [beganMs, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - beganMs) / 1000, cpuSeconds: (user + system) / 1e6 }
}
