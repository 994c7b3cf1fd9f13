export class ConsumerFactory {
  createConsumer(): object {
    return {}
  }
}
