import { isOpen, type Quarantine } from '@aesop/checkpoint'
import { shellWord } from '@aesop/kernel'

/** The intervals of one physical source, as its producer keeps them. */
export class QuarantineRecord {
  /** Counts in it may be newer than what is stored; the intervals are those that are. */
  list: readonly Quarantine[]
  readonly #save: (list: readonly Quarantine[]) => Promise<void> | undefined
  readonly #begun: (interval: Quarantine) => void

  /** @param save returns when the list is stored, or its promise is fulfilled @param begun is told of each interval after it was stored */
  constructor(
    list: readonly Quarantine[],
    save: (list: readonly Quarantine[]) => Promise<void> | undefined,
    begun: (interval: Quarantine) => void,
  ) {
    this.list = list
    this.#save = save
    this.#begun = begun
  }

  has(source: string): boolean {
    return this.list.some((each) => each.source === source)
  }

  /** @throws what the store throws, at once or as a rejection: nothing has changed then */
  save(list: readonly Quarantine[], begun: readonly Quarantine[]): Promise<void> | undefined {
    const saving = this.#save(list)
    if (saving !== undefined)
      return saving.then(() => {
        this.#saved(list, begun)
      })
    this.#saved(list, begun)
    return undefined
  }

  #saved(list: readonly Quarantine[], begun: readonly Quarantine[]): void {
    this.list = list
    for (const each of begun) this.#begun(each)
  }

  /** What is left out now, for people; undefined: nothing. */
  get concern(): string | undefined {
    const open = this.list.filter(isOpen)
    return open.length === 0 ? undefined : open.map(quarantineText).join('; ')
  }
}

/** One open interval, for people. */
export function quarantineText({ source, scn, ordinal, reason, code }: Quarantine): string {
  return `rows of ${source} are left out from SCN ${scn}, event ${ordinal} on: ${reason} (${code})`
}

/** The way back of a logical source of a physical one. */
export function quarantineRemedy(physicalSource: string, source: string): string {
  const command = `aesop-launch state release <bootstrap.yaml> --source ${shellWord(physicalSource)} --table ${shellWord(source)}`
  return `Mend the fault and stop the process; ${command} --yes delivers the rows of the table again from the next one on.`
}
