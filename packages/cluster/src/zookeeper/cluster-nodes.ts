import { isRefused } from '@aesop/zookeeper'
import { noAssignment } from '../assignment.ts'
import { assignmentDocument } from '../assignment-document.ts'
import { type Wait } from '../coordinator.ts'
import { countIn, documentOf, readDocument } from '../document.ts'
import { ClusterConfigDiffersError, ClusterSettingInvalidError } from '../errors.ts'
import { type ClusterHome } from './cluster-home.ts'
import { type ClusterSettings } from './cluster-settings.ts'

/** Makes what is missing, and reads what was there before. @throws ClusterConfigDiffersError, ClusterSettingInvalidError */
export async function makeNodes(home: ClusterHome, settings: ClusterSettings, wait: Wait): Promise<void> {
  const { paths } = home
  await makeRoot(home, settings, wait)
  await make(home, paths.config, documentOf({ numPartitions: settings.numPartitions }), wait)
  await checkConfig(home, settings, wait)
  const none = { term: 0n, assignment: noAssignment(settings.numPartitions) }
  await make(home, paths.assignment, assignmentDocument(none), wait)
  await Promise.all([paths.members, paths.checkpoints].map((path) => make(home, path, Buffer.alloc(0), wait)))
}

async function makeRoot(home: ClusterHome, { servers }: ClusterSettings, wait: Wait): Promise<void> {
  try {
    await make(home, home.paths.root, Buffer.alloc(0), wait)
  } catch (error) {
    if (!isRefused(error, 'NoNode')) throw error
    throw ClusterSettingInvalidError.of(
      'servers',
      servers,
      'the node behind the servers (chroot) is not there',
      'Create it, as its owner: zkCli.sh -server HOST:PORT create /NODE. Or leave it out.',
    )
  }
}

async function make({ session, acl }: ClusterHome, path: string, data: Uint8Array, wait: Wait): Promise<void> {
  try {
    await session.create(path, data, { acl, ...wait })
  } catch (error) {
    if (!isRefused(error, 'NodeExists')) throw error
  }
}

async function checkConfig({ session, paths }: ClusterHome, settings: ClusterSettings, wait: Wait): Promise<void> {
  const { data } = await session.getData(paths.config, wait)
  const theirs = countIn(readDocument(data, paths.config), 'numPartitions', paths.config)
  const { cluster, numPartitions } = settings
  if (theirs !== numPartitions) throw ClusterConfigDiffersError.of(cluster, numPartitions, theirs)
}
