import type { BootstrapProducerReport, BootstrapProducers } from '@aesop/bootstrap-producer'
import { type Application } from '@aesop/runtime'

/** A bootstrap producer of a launch, with what it says of each of its physical sources. */
export interface ProducerPage {
  readonly container: string
  readonly bean: string
  readonly producers: Readonly<Record<string, BootstrapProducerReport>>
}

/** `/admin/bootstrap`: how far each table is. */
export function bootstrapPage(application: Application): Promise<readonly ProducerPage[]> {
  const pages = producersOf(application).map(async ({ container, bean, instance }) => ({
    container,
    bean,
    producers: await instance.report(),
  }))
  return Promise.all(pages)
}

/** The bootstrap producers of a launch. */
export function producersOf({ containers }: Application): readonly {
  readonly container: string
  readonly bean: string
  readonly instance: BootstrapProducers
}[] {
  return containers.flatMap(({ name: container, current }) =>
    current.beans.flatMap(({ id: bean, instance }) => (isProducer(instance) ? [{ container, bean, instance }] : [])),
  )
}

function isProducer(bean: object): bean is BootstrapProducers {
  return 'storedSources' in bean && typeof bean.storedSources === 'function'
}
