import {
  type EventProducer,
  PhysicalSourceConfig,
  type PhysicalSourceOptions,
  type ScnGenerator,
} from '@aesop/producer'
import { type RelayPropertyValues } from './relay-config.ts'

export interface ProducerRegistrationOptions {
  readonly physicalSourceConfig: PhysicalSourceConfig | PhysicalSourceOptions
  /** Left out: the relay makes the standard producer for the scheme of the URI. */
  readonly eventProducer?: EventProducer
  /** `databus.relay.*` keys for this source alone; they win over those of the relay. */
  readonly properties?: RelayPropertyValues
  /** Makes the SCNs of the source from those of its log; left out: the latter are the SCNs. */
  readonly scnGenerator?: ScnGenerator
  readonly id?: string
}

/** One physical source of a relay and its producer: the bean `ProducerRegistration`. */
export class ProducerRegistration {
  readonly physicalSource: PhysicalSourceConfig
  readonly eventProducer: EventProducer | undefined
  readonly properties: RelayPropertyValues
  readonly scnGenerator: ScnGenerator | undefined

  constructor(options: ProducerRegistrationOptions) {
    this.physicalSource = PhysicalSourceConfig.from(options.physicalSourceConfig)
    this.eventProducer = options.eventProducer
    this.properties = options.properties ?? {}
    this.scnGenerator = options.scnGenerator
  }
}

/** A registration that says where to begin when nothing is stored (`…sequenceNumbersHandler.file.initVal`). */
export class InitBackedProducerRegistration extends ProducerRegistration {}
