import { blockingBootstrapContainer } from '@aesop/container-blocking-bootstrap'
import { bootstrapContainer } from '@aesop/container-bootstrap'
import { bootstrapProducerContribution } from '@aesop/container-bootstrap-producer'
import { clientContainer } from '@aesop/container-client'
import { relayContainer } from '@aesop/container-relay'
import { type Contribution } from '@aesop/runtime'

/** What this distribution launches: the one list to which a package is added. */
export const standardContributions: readonly Contribution[] = [
  { name: '@aesop/container-relay', containers: [relayContainer] },
  { name: '@aesop/container-client', containers: [clientContainer] },
  { name: '@aesop/container-bootstrap', containers: [bootstrapContainer] },
  bootstrapProducerContribution,
  { name: '@aesop/container-blocking-bootstrap', containers: [blockingBootstrapContainer] },
]
