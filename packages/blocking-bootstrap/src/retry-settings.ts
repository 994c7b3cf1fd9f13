import { type ClientSettings } from '@aesop/client'

/** What of a client's settings holds for the consumers of a blocking bootstrap, in the same words. */
export type RetrySettings = Pick<ClientSettings, 'dispatcherRetries' | 'consumerTimeBudgetMs'>
