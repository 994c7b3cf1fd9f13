import { parseClientProperties } from '@aesop/client'
import { formatJson, nearestName } from '@aesop/kernel'
import { blockingTreatmentOf, knownBlockingProperties } from './blocking-properties.ts'
import { BlockingPropertyError } from './errors.ts'
import { type RetrySettings } from './retry-settings.ts'

/** A flat map of `databus.bootstrap.*` keys, as a descriptor gives it. */
export type BlockingProperties = Readonly<Record<string, unknown>>

/** What the keys come down to. */
export interface BlockingSettings {
  readonly retries: RetrySettings
  /** SCN to begin after when nothing is stored; undefined: not said. */
  readonly initialScn: bigint | undefined
  /** Folder of what is stored; undefined: below the state directory. */
  readonly placeDirectory: string | undefined
  /** Folder of hand-written schemas; undefined: none. */
  readonly schemaDirectory: string | undefined
  /** Keys without effect, each with its reason. */
  readonly notes: readonly string[]
}

const HANDLER = 'databus.bootstrap.dataSources.sequenceNumbersHandler.file'

/** @throws BlockingPropertyError; of the keys of consumers what a client says of them */
export function parseBlockingProperties(properties: BlockingProperties): BlockingSettings {
  const client: Record<string, unknown> = {}
  const notes: string[] = []
  for (const [key, value] of Object.entries(properties)) {
    const treatment = blockingTreatmentOf(key)
    if (treatment === undefined) throw unknown(key, value)
    if (treatment.kind === 'refused') throw new BlockingPropertyError(key, value, `nothing: ${treatment.reason}`)
    if (treatment.kind === 'noted') notes.push(`${key} has no effect: ${treatment.reason}`)
    if (treatment.kind === 'client') client[treatment.key] = value
    if (treatment.kind === 'integer') checkInteger(key, value, treatment.min)
  }
  const { dispatcherRetries, consumerTimeBudgetMs } = parseClientProperties(client)
  const initVal = properties[`${HANDLER}.initVal`]
  return {
    retries: { dispatcherRetries, consumerTimeBudgetMs },
    initialScn: initVal === undefined ? undefined : BigInt(plainText(initVal)),
    placeDirectory: textOf(properties[`${HANDLER}.scnDir`]),
    schemaDirectory: textOf(properties['databus.bootstrap.schemaRegistry.fileSystem.schemaDir']),
    notes,
  }
}

function unknown(key: string, value: unknown): BlockingPropertyError {
  const nearest = nearestName(key, [...knownBlockingProperties()])
  return new BlockingPropertyError(key, value, `a key that is known${nearest === undefined ? '' : `, like ${nearest}`}`)
}

function checkInteger(key: string, value: unknown, min: number): void {
  const text = plainText(value)
  if (!/^-?\d{1,18}$/.test(text) || BigInt(text) < BigInt(min))
    throw new BlockingPropertyError(key, value, `an integer from ${min} on`)
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : plainText(value)
}

/** What is neither text nor a number is shown as it is, and fits nowhere. */
function plainText(value: unknown): string {
  return typeof value === 'string' ? value : formatJson(value)
}
