import { type AesopErrorClass } from '@aesop/kernel'

/** Counters can't fail. */
export const statsErrors: readonly AesopErrorClass[] = []
