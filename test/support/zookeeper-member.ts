import { ACL_ANYONE, ZooKeeperSession } from '@aesop/zookeeper'

/*
 * A process that owns an ephemeral node and writes to it again and again, and says what comes of it: `wrote`, or a state of its session.
 * Arguments: servers, length of the session in milliseconds, path of the node.
 */
const [, , servers = '', timeoutMs = '', path = ''] = process.argv
const say = (word: string): void => void process.stdout.write(`${word}\n`)

const session = await ZooKeeperSession.open({ servers, timeoutMs: Number(timeoutMs) })
session.onState(say)
await session.create(path, Buffer.alloc(0), { acl: ACL_ANYONE, mode: 'ephemeral' })
setInterval(() => {
  session.setData(path, Buffer.alloc(0)).then(
    () => {
      say('wrote')
    },
    () => undefined,
  )
}, 20)
