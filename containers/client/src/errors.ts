import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class ClusterNotAvailableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CLIENT_CLUSTER_NOT_AVAILABLE',
    meaning: 'A descriptor asks for a clustered client, which this version checks and can not run yet.',
    remedy: 'Use DefaultClientFactory with a consumerRegistrationList in one process per consumer.',
    canRetry: false,
  } as const
  constructor() {
    super(ClusterNotAvailableError.kind, 'the clustered client is not available yet')
  }
}

export const clientContainerErrors: readonly AesopErrorClass[] = [ClusterNotAvailableError]
