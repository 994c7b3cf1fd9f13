import { type LogicalSource } from '@aesop/event'
import { answerLimits, checkAnswer } from './answer-limits.ts'
import { memberOf } from './json-parameter.ts'
import { malformed, parseArray } from './source-list.ts'

/** A physical source with its tables, as `/physicalSources` lists it. */
export interface ListedPhysicalSource {
  readonly name: string
  readonly sources: readonly Pick<LogicalSource, 'name'>[]
}

const PATH = '/physicalSources'

/** @throws ResponseMalformedError, ResponseTooLargeError */
export function parsePhysicalSources(body: string): ListedPhysicalSource[] {
  checkAnswer(PATH, body, answerLimits.sources)
  return parseArray(body, PATH).map((item) => {
    const name = memberOf(item, 'name')
    const sources = memberOf(item, 'sources')
    const names = Array.isArray(sources) ? sources.map((source: unknown) => memberOf(source, 'name')) : [undefined]
    if (typeof name !== 'string' || !names.every((each) => typeof each === 'string'))
      throw malformed(PATH, 'objects with name and sources', JSON.stringify(item))
    return { name, sources: names.map((each) => ({ name: each })) }
  })
}
