import { type LiveList } from '@aesop/kernel'
import { type BeanClass, type ContainerDefinition } from '@aesop/runtime'
import { type Deeds, Diary, fixtureContainer, recorder } from './fixture-container.ts'

export interface Singing extends Deeds {
  readonly name: string
  /** What its choir does with it. */
  readonly choirFails?: 'add' | 'remove' | 'check' | 'hang'
}

/** A bean whose singers come and go while it runs; it writes down what it is told. */
export function choirContainer(diary = new Diary()): ContainerDefinition {
  const Recorded = recorder(diary)
  const plain = fixtureContainer(diary)
  class Choir extends (Recorded as unknown as new (options: Deeds, context: never) => object) {
    readonly singers: Singing[]
    constructor(options: { readonly singers: readonly { readonly options: Singing }[] }, context: never) {
      super(options as Deeds, context)
      this.singers = options.singers.map((singer) => singer.options)
    }
    readonly liveLists = {
      singers: {
        nameOf: ({ options }: { options: Singing }) => options.name,
        check: (singers: readonly { options: Singing }[]) => {
          diary.write(`check ${singers.map(({ options }) => options.name).join(',')}`)
          if (singers.some(({ options }) => options.choirFails === 'check')) throw new Error('the choir wants no such')
        },
        add: async ({ options }: { options: Singing }) => {
          diary.write(`add ${options.name}`)
          if (options.choirFails === 'add') throw new Error(`${options.name} has no voice`)
          if (options.choirFails === 'hang') await new Promise(() => undefined)
          this.singers.push(options)
        },
        remove: ({ options }: { options: Singing }) => {
          diary.write(`remove ${options.name}`)
          this.singers.splice(this.singers.indexOf(options), 1)
          return options.choirFails === 'remove' ? Promise.reject(new Error('will not go')) : Promise.resolve()
        },
      } satisfies LiveList<{ options: Singing }> as LiveList,
    }
  }
  const text = { type: 'string' }
  const deeds = { fail: text, hang: text, needs: { 'x-any': true } }
  const component = (make: unknown, properties: object): ContainerDefinition['catalogue']['components'][string] => ({
    description: 'A class of the tests.',
    schema: { type: 'object', properties, additionalProperties: false },
    load: () => Promise.resolve(make as BeanClass),
  })
  return {
    ...plain,
    roots: [...plain.roots, 'Choir'],
    catalogue: {
      ...plain.catalogue,
      components: {
        ...plain.catalogue.components,
        Choir: component(Choir, { ...deeds, singers: { type: 'array', items: { 'x-bean': 'Singer' } }, hall: text }),
        Singer: component(Recorded, { ...deeds, name: text, choirFails: text }),
      },
    },
  }
}
