import { AesopError, type AesopErrorClass, type PlaceDesk } from '@aesop/kernel'

export class UsageError extends AesopError {
  static readonly kind = {
    code: 'AESOP_LAUNCH_USAGE',
    meaning: 'The command line could not be understood.',
    remedy: 'Run aesop-launch --help.',
    canRetry: false,
  } as const
  constructor(message: string, remedy?: string) {
    super(UsageError.kind, message, remedy === undefined ? {} : { remedy })
  }
}

export class PlaceTargetError extends AesopError {
  static readonly kind = {
    code: 'AESOP_LAUNCH_PLACE_TARGET',
    meaning:
      'A command about places names no source or registration of the launch, or it is not clear which one is meant.',
    remedy: 'Name one with --source or --registration; aesop-launch state show <bootstrap.yaml> lists them.',
    canRetry: false,
  } as const
  constructor(wanted: string | undefined, desks: readonly Pick<PlaceDesk, 'kind' | 'name'>[]) {
    const there = desks.map(({ kind, name }) => `${kind} "${name}"`).join(', ')
    const fault = wanted === undefined ? 'it is not clear which place is meant' : `there is no ${wanted}`
    super(PlaceTargetError.kind, `${fault}; there is ${there === '' ? 'none' : there}`)
  }
}

export class XmlSyntaxError extends AesopError {
  static readonly kind = {
    code: 'AESOP_LAUNCH_XML_SYNTAX',
    meaning: 'A file that should be converted is not well-formed XML.',
    remedy: 'Mend the place that the message names.',
    canRetry: false,
  } as const
  readonly #fault: string
  readonly line: number
  readonly column: number
  /** @param line and `column` count from 1. */
  constructor(fault: string, line: number, column: number, file = 'the text') {
    super(XmlSyntaxError.kind, `${file}:${line}:${column}: ${fault}`, { fields: { line, column } })
    this.#fault = fault
    this.line = line
    this.column = column
  }

  /** The same fault with the name of the file. */
  in(file: string): XmlSyntaxError {
    return new XmlSyntaxError(this.#fault, this.line, this.column, file)
  }
}

export const launchErrors: readonly AesopErrorClass[] = [UsageError, PlaceTargetError, XmlSyntaxError]
