export { relayProducer } from './definition.ts'
export {
  UpstreamBehindError,
  UpstreamEventOrderError,
  UpstreamFellOffError,
  UpstreamPartitionError,
  UpstreamPlaceInvalidError,
  UpstreamSchemaMissingError,
  UpstreamSourcesError,
  UpstreamSpaceForeignError,
  UpstreamSpaceUnknownError,
} from './errors.ts'
export { RelayEventProducer, type RelayEventProducerOptions } from './relay-event-producer.ts'
