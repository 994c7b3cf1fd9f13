import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { descriptorTree, prepareLaunch, writeYaml } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { convertSpring } from '../src/convert/spring-converter.ts'
import { parseXml } from '../src/convert/xml-parser.ts'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'
import { convertCases, converted } from './support/convert-cases.ts'
import { Launched } from './support/launched.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'

const standardContainers = containersOf(standardContributions)

const SEED_XML = resolve(import.meta.dirname, 'fixtures/spring')
const SEED_YAML = resolve(import.meta.dirname, '../../runtime/test/testdata/seed')

/** The tree of a descriptor without places, spelling and comments. */
async function treeOf(path: string): Promise<string> {
  const { descriptors, problems } = await prepareLaunch(path, { containers: standardContainers, env: {} })
  expect(problems.filter(({ code }) => /SYNTAX|SHAPE|KEY/.test(code))).toEqual([])
  const found = descriptors.find(({ descriptor }) => descriptor.file.path === path)
  return found === undefined ? '' : writeYaml(descriptorTree(found.descriptor))
}

async function treeOfText(name: string, yaml: string): Promise<string> {
  const folder = newFolder('convert')
  try {
    const below = join(folder, 'resources/external')
    mkdirSync(below, { recursive: true })
    writeFileSync(join(below, name), `${yaml}\n`)
    return await treeOf(join(below, name))
  } finally {
    removeFolder(folder)
  }
}

describe('the descriptors of the seed', () => {
  test.each([
    ['seed-bootstrap.xml', 'client', 'bootstrap.yaml'],
    ['seed-spring-client-config.xml', 'client', 'client-config.yaml'],
    ['seed-spring-relay-config.xml', 'relay', 'relay-config.yaml'],
  ])("%s becomes the tree of the %s's %s", async (xml, sample, yaml) => {
    const { tree, remarks } = convertSpring(readFileSync(join(SEED_XML, xml), 'utf8'), standardContainers)
    expect(remarks.filter(({ kind }) => kind === 'left-out')).toEqual([])
    const written = await treeOf(join(SEED_YAML, sample, 'resources/external', yaml))
    expect(await treeOfText(yaml, writeYaml(tree))).toBe(written)
  })
})

describe('a feature of Spring', () => {
  test.each(convertCases())('$title', ({ xml, expected }) => {
    expect(converted(xml).text).toBe(expected)
  })

  test.each(convertCases())('what becomes of "$title" is a descriptor', async ({ xml }) => {
    const { yaml } = converted(xml)
    if (!yaml.includes('imports:')) expect(await treeOfText('relay-config.yaml', yaml)).toContain('beans:')
  })
})

describe('XML that is not well-formed is refused with its place', () => {
  test.each([
    ['<a>', '1:1: <a> is not closed'],
    ['<a>\n  <b></a>', '2:6: </a> closes nothing: <b> of line 2 is open'],
    ['<a/><b/>', '1:5: there are two root elements'],
    ['', '1:1: there is no element'],
    ['<a>&who;</a>', 'the entity "&who;" is not known'],
    ['<a>&#x110000;</a>', 'is not known'],
    ['<a b="1" b="2"/>', 'the attribute b is given twice'],
    ['<a b=1/>', 'the value of b is not in quotes'],
    ['<a b="1/>', 'the value of b is not closed'],
    ['<a b/>', 'the attribute b has no value'],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a/>', 'a document type with definitions of its own is not read'],
    ['<a><!-- </a>', 'a comment is not closed'],
    ['<a/>text', 'there is text outside of the root element'],
    ['<a b="1"c="2"/>', '<a> is not closed'],
    ['</a>', 'nothing is open'],
  ])('%j', (xml, message) => {
    expect(() => parseXml(xml)).toThrow(message)
  })

  test('elements that are nested too deep are refused with their place, and 200 levels are converted', () => {
    expect(() => parseXml('<a>'.repeat(100_000))).toThrow('the text:1:601: elements are nested more than 200 deep')
    const xml = `${'<beans>'.repeat(199)}<bean id="a" class="A"/>${'</beans>'.repeat(199)}`
    expect(writeYaml(convertSpring(xml, standardContainers).tree)).toContain('a:')
  })
})

describe('the command', { timeout: 30_000 }, () => {
  test('writes the descriptor to stdout and what it left out to stderr, and ends with 3 when it did', async () => {
    const folder = newFolder('convert')
    try {
      writeFileSync(join(folder, 'a.xml'), '<beans>\n  <bean id="a" class="x.y.A" scope="prototype"/>\n</beans>\n')
      writeFileSync(join(folder, 'b.xml'), '<beans>')
      const partly = await new Launched(['convert', 'a.xml'], folder).ended
      const broken = await new Launched(['convert', 'b.xml'], folder).ended
      const none = await new Launched(['convert', 'c.xml'], folder).ended
      const json = await new Launched(['convert', 'a.xml', '--json'], folder).ended
      expect(partly).toMatchObject({ code: 3, stdout: 'beans:\n  a: { class: ./y.ts#A }\n' })
      expect(partly.stderr).toContain('a.xml:2:3: left out: the attribute scope="prototype" has no counterpart')
      expect([broken.code, none.code, json.code]).toEqual([3, 2, 3])
      expect(broken.stderr).toContain('AESOP_LAUNCH_XML_SYNTAX: b.xml:1:1: <beans> is not closed')
      expect((JSON.parse(json.stdout) as { remarks: unknown[] }).remarks).toHaveLength(2)
    } finally {
      removeFolder(folder)
    }
  })
})
