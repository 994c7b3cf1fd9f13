import { readFileSync } from 'node:fs'
import { systemCodeOf } from '@aesop/kernel'
import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, type Node, type Pair } from 'yaml'
import { DescriptorNotFoundError, DescriptorShapeError, DescriptorSyntaxError } from '../errors.ts'
import { type Finding, type ProblemList } from './descriptor-error.ts'
import { type SourceFile, type SourceRange } from './source-file.ts'
import { YamlAliases } from './yaml-aliases.ts'
import { LEVELS_MAX, tooDeepAt } from './yaml-depth.ts'

/** A descriptor as a YAML tree whose nodes know their places; anchors are followed. */
export class YamlFile {
  readonly source: SourceFile
  readonly root: Node | null
  /** False when the text is not well-formed; its problems have been reported. */
  readonly isSound: boolean
  readonly #aliases: YamlAliases
  readonly #problems: ProblemList

  constructor(source: SourceFile, document: Document, problems: ProblemList, isSound: boolean) {
    this.isSound = isSound
    this.source = source
    this.#aliases = new YamlAliases(document)
    this.#problems = problems
    this.root = document.contents
  }

  /** The whole file, for problems that belong to no node. */
  get start(): SourceRange {
    return { file: this.source, start: 0, end: 1 }
  }

  rangeOf(node: unknown, fallback: SourceRange): SourceRange {
    if (!isNode(node) || !node.range) return fallback
    const [start, end] = node.range
    return { file: this.source, start, end: Math.max(end, start) }
  }

  /** The node itself, or what an alias stands for; undefined after a reported problem. */
  follow(node: unknown, at: SourceRange): Node | undefined {
    if (!isAlias(node)) return isNode(node) ? node : undefined
    const target = this.#aliases.targetOf(node)
    const endless = target?.range && node.range && target.range[0] <= node.range[0] && node.range[1] <= target.range[1]
    if (target && endless !== true && !this.#aliases.isExcessive(target)) return target
    // Its name may be a password without quotes.
    const fault = endless === true ? 'contains itself' : target ? 'is used too often' : 'is not there'
    this.#problems.add(new DescriptorShapeError(`the anchor that this alias (*) names ${fault}`, { at }))
    return undefined
  }

  /** The key of a pair as text, or undefined after a reported problem. */
  keyOf(pair: Pair, at: SourceRange): { text: string; at: SourceRange } | undefined {
    const keyAt = this.rangeOf(pair.key, at)
    if (isScalar(pair.key)) return { text: String(pair.key.value), at: keyAt }
    this.#problems.add(new DescriptorShapeError('a key must be plain text or a number', { at: keyAt }))
    return undefined
  }

  isEmpty(): boolean {
    return (
      this.root === null ||
      (isScalar(this.root) && this.root.value === null) ||
      (isMap(this.root) && this.root.items.length === 0)
    )
  }
}

/** Reads and parses one descriptor; problems are collected, and undefined is returned when the file can't be read. */
export function readYamlFile(path: string, problems: ProblemList, wanted: Finding = {}): YamlFile | undefined {
  const text = readText(path, problems, wanted)
  return text === undefined ? undefined : parseYaml(path, text, problems)
}

/** The text of a file without its byte order mark; undefined after a reported problem. */
export function readText(
  path: string,
  problems: ProblemList,
  wanted: Finding,
  what = 'descriptor',
): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.startsWith('\uFEFF') ? text.slice(1) : text
  } catch (error) {
    const code = systemCodeOf(error)
    const fault =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `can't be read (${code ?? ''})`
    problems.add(new DescriptorNotFoundError(`${what} ${path} ${fault}`, wanted))
    return undefined
  }
}

/** Parses the text of a descriptor, or of a file of properties. Integers are bigint, and duplicate keys are left for the model to report. */
export function parseYaml(path: string, text: string, problems: ProblemList, holdsValues = false): YamlFile {
  const lines = new LineCounter()
  const deep = tooDeepAt(text)
  const document = parseDocument(deep === undefined ? text : '', {
    ...(deep === undefined ? { lineCounter: lines } : {}),
    intAsBigInt: true,
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent',
  })
  // The tree behind a syntax error is a guess: what it says is not worth reporting.
  const isSound = deep === undefined && document.errors.length + document.warnings.length === 0
  const source: SourceFile = { path, text, lines, holdsValues, isBroken: !isSound }
  if (deep !== undefined) problems.add(tooDeep(source, deep))
  for (const fault of [...document.errors, ...document.warnings]) {
    const [start, end] = fault.pos
    // Behind the colon the message repeats the text, which may be a secret.
    const message = fault.message.split(': ')[0] ?? ''
    problems.add(new DescriptorSyntaxError(message, { at: { file: source, start, end: Math.max(end, start + 1) } }))
  }
  return new YamlFile(source, document, problems, isSound)
}

function tooDeep(file: SourceFile, start: number): DescriptorSyntaxError {
  // The parser, which would find the lines, has not seen this text.
  file.lines.addNewLine(0)
  for (let at = file.text.indexOf('\n'); at >= 0; at = file.text.indexOf('\n', at + 1)) file.lines.addNewLine(at + 1)
  const message = `values are nested more than ${LEVELS_MAX} deep`
  return new DescriptorSyntaxError(message, { at: { file, start, end: start + 1 } })
}
