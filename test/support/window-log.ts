/** What a consumer that says `BEGIN`, its changes and `END` has been given, over all incarnations of its process. */
export interface WindowLog {
  /** Changes of each window that was given whole, in the order in which the windows were first given. */
  readonly windows: ReadonlyMap<bigint, readonly string[]>
  /** What broke the rules: a window that came again with other changes, or whose first time was behind a later one. */
  readonly faults: readonly string[]
  /** Key → v, with everything applied as it came. */
  readonly state: ReadonlyMap<number, number>
}

export function readWindowLog(lines: readonly string[]): WindowLog {
  const windows = new Map<bigint, readonly string[]>()
  const faults: string[] = []
  const state = new Map<number, number>()
  let [open, changes, highest] = [-1n, [] as string[], -1n]
  for (const line of lines) {
    const [word = '', first = '', second = ''] = line.split(' ')
    if (word === 'BEGIN') [open, changes] = [BigInt(first), []]
    else if (word === 'END') {
      const before = windows.get(open)
      if (BigInt(first) !== open) faults.push(`window ${open} ended as ${first}`)
      if (before !== undefined && before.join() !== changes.join())
        faults.push(`window ${open} came with other changes`)
      if (before === undefined && open < highest) faults.push(`window ${open} came first after ${highest}`)
      if (open > highest) highest = open
      windows.set(open, changes)
    } else {
      changes.push(line)
      if (word === 'DELETE') state.delete(Number(first))
      else state.set(Number(first), Number(second))
    }
  }
  return { windows, faults, state }
}
