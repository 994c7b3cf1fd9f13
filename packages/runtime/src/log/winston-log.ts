import { Writable } from 'node:stream'
import { type AesopError, formatJson, type Logger, messageOf, visibleText } from '@aesop/kernel'
import { createLogger, format } from 'winston'
import { loggerName, type LogLevel, LogLevels } from './log-levels.ts'
import { redacted } from './redacted.ts'
import { type SecretMask } from './secret-mask.ts'
import { cutValue, visibleStack } from './shown-value.ts'

export interface LogOptions {
  readonly level: LogLevel
  /** `text` for people, `json` one object per line. */
  readonly format: 'text' | 'json'
  readonly color: boolean
  readonly mask: SecretMask
  /** Adds stacks of errors. */
  readonly verbose?: boolean
  /** Writes whole lines; left out: to stderr. `done` is called when they have left the process, or can not. */
  readonly write?: ((text: string, done: () => void) => void) | undefined
}

/** The log of a process: every line goes to stderr, because stdout belongs to consumers. */
export interface ProcessLog {
  readonly loggerOf: (container: string, bean: string) => Logger
  /** The levels of its loggers, which may be changed at any time. */
  readonly levels: LogLevels
  /** Resolves when every line has left the process. */
  flush(): Promise<void>
}

interface Line {
  readonly level: string
  readonly message: string
  readonly container?: string
  readonly bean?: string
  readonly fields?: Readonly<Record<string, unknown>>
}

const COLORS: Readonly<Record<string, string>> = { error: '31', warn: '33', info: '36', debug: '2' }

/** Opens the log of the process. */
export function openLog(options: LogOptions): ProcessLog {
  const print = format.printf((info) => {
    const line = info as unknown as Line
    return options.format === 'json' ? jsonLine(line, options) : options.mask.apply(textLine(line, options))
  })
  const root = createLogger({ level: 'debug', format: print })
  const levels = new LogLevels(options.level)
  const lines = linesTo(options.write ?? ((text, done) => process.stderr.write(text, done)))
  root.pipe(lines)
  return {
    levels,
    loggerOf: (container, bean) => {
      const name = loggerName(container, bean)
      levels.know(name)
      const write =
        (level: LogLevel) =>
        (message: string, fields?: Readonly<Record<string, unknown>>): void => {
          if (levels.isEnabled(name, level))
            root.log({ level, message, container, bean, ...(fields === undefined ? {} : { fields }) })
        }
      return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
    },
    flush: () =>
      new Promise((resolve) => {
        lines.once('finish', resolve)
        root.end()
      }),
  }
}

/** A line counts as written when stderr has taken it, or can not: a log that nobody reads any more ends nothing. */
function linesTo(out: (text: string, done: () => void) => void): Writable {
  return new Writable({
    objectMode: true,
    write(info: Readonly<Record<symbol, string>>, _encoding, done) {
      out(`${info[Symbol.for('message')] ?? ''}\n`, () => {
        done()
      })
    },
  })
}

/** `12:30:01.123 INFO  relay sampleRelay: listening port=9000`; no text of it ends the line or moves the cursor. */
function textLine(line: Line, options: LogOptions): string {
  const shown = (text: string): string => visibleText(options.mask.apply(text))
  const time = new Date().toISOString().slice(11, 23)
  const level = line.level.toUpperCase().padEnd(5)
  const painted = options.color ? `\u001b[${COLORS[line.level] ?? '0'}m${level}\u001b[0m` : level
  const who = shown([line.container, line.bean].filter((part) => part !== undefined && part !== '').join(' '))
  const fields = Object.entries(line.fields ?? {}).map(([key, value]) => fieldText(shown(key), value, line, options))
  return [
    `${time} ${painted}${who === '' ? '' : ` ${who}:`} ${shown(line.message)}`,
    ...fields.filter((text) => text !== ''),
  ].join(' ')
}

/** What is secret is replaced before anything is cut or escaped: afterwards it would not be found. */
function fieldText(key: string, value: unknown, line: Line, { mask, verbose }: LogOptions): string {
  if (value instanceof Error) {
    const text = value.message === line.message ? '' : ` ${key}=${formatJson(cutValue(mask.apply(value.message)))}`
    return `${text}${remedyText(value)}${verbose === true ? `\n${visibleStack(value, mask)}` : ''}`.trimStart()
  }
  const shown = cutValue(redacted(value, mask))
  return `${key}=${typeof shown === 'string' && /^[^\s"=\p{C}]+$/u.test(shown) ? shown : formatJson(shown)}`
}

function remedyText(error: Error): string {
  return 'remedy' in error && typeof error.remedy === 'string' ? ` (${visibleText(error.remedy)})` : ''
}

function jsonLine(line: Line, options: LogOptions): string {
  const { level, message, container, bean } = line
  const fields = Object.fromEntries(
    Object.entries(line.fields ?? {}).map(([key, value]) => [
      key,
      value instanceof Error ? errorFields(value, options) : value,
    ]),
  )
  const data = { time: new Date().toISOString(), level, container, bean, message, ...fields }
  return formatJson(cutValue(redacted(data, options.mask)))
}

function errorFields(error: Error, options: LogOptions): Record<string, unknown> {
  const { code, remedy } = error as Partial<AesopError>
  const cause = error.cause === undefined ? undefined : messageOf(error.cause)
  return { message: error.message, code, remedy, cause, ...(options.verbose === true ? { stack: error.stack } : {}) }
}
