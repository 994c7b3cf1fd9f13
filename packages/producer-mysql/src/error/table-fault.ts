import { AesopError } from '@aesop/kernel'

/**
 * What is wrong with one table or its rows, and with nothing else of the log: the rest can be captured all the same. Whoever
 * catches it knows which table was at hand; what the policy of a source does about it is decided there, never where it is thrown.
 */
export abstract class TableFault extends AesopError {}
