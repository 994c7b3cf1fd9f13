import { type Logger } from '@aesop/kernel'

/** Warns of what a server is like: it is asked at every connection, and says the same each time. */
export class ToldOnce implements Pick<Logger, 'warn'> {
  private readonly log: Logger
  private readonly told = new Set<string>()

  constructor(log: Logger) {
    this.log = log
  }

  warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.told.has(message)) return
    this.told.add(message)
    this.log.warn(message, fields)
  }
}
