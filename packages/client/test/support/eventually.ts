export { until as eventually } from '../../../../test/support/until.ts'
