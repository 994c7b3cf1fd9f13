import { blockingBootstrapContainer } from '@aesop/container-blocking-bootstrap'
import { bootstrapContainer } from '@aesop/container-bootstrap'
import { bootstrapProducerContainer } from '@aesop/container-bootstrap-producer'
import { clientContainer } from '@aesop/container-client'
import { relayContainer } from '@aesop/container-relay'
import { type ContainerDefinition } from '@aesop/runtime'

/** The five component containers that every bootstrap descriptor may name. */
export const standardContainers: readonly ContainerDefinition[] = [
  relayContainer,
  clientContainer,
  bootstrapContainer,
  bootstrapProducerContainer,
  blockingBootstrapContainer,
]
