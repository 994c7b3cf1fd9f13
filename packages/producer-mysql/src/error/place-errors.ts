import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class MysqlPlaceError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_PLACE',
    meaning: 'A text that should name a place of the binary log names none, or none between two transactions.',
    remedy:
      'Use latest, earliest, an SCN, <file>:<position>, gtid:<position>, or timestamp:<ISO 8601 or milliseconds>; aesop-launch state locate <bootstrap.yaml> --at <place> says what a place is.',
    canRetry: false,
  } as const
  constructor(place: string, fault: string, remedy?: string) {
    super(MysqlPlaceError.kind, `the place "${place}" can not be used: ${fault}`, {
      fields: { place },
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}

/** The errors of those who name places by hand, part of the package's catalogue. */
export const placeErrors: readonly AesopErrorClass[] = [MysqlPlaceError]
