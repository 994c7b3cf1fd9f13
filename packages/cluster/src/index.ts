export {
  assign,
  type Assignment,
  isSameOwner,
  noAssignment,
  type Owner,
  type PartitionAssignment,
} from './assignment.ts'
export { type TermAssignment } from './assignment-document.ts'
export {
  type AssignmentRead,
  type AssignmentWritten,
  type CheckpointWritten,
  type Claim,
  type ClaimResult,
  type ClusterPart,
  type Coordinator,
  type CoordinatorState,
  type CoordinatorStatus,
  type Members,
  type Wait,
} from './coordinator.ts'
export {
  AssignmentInvalidError,
  ClusterConfigDiffersError,
  ClusterLostError,
  ClusterSettingInvalidError,
  ClusterUnavailableError,
  DocumentFormatNewerError,
  DocumentMalformedError,
  DocumentTooLargeError,
  MemberAliveError,
  NotMemberError,
} from './errors.ts'
export { type Member } from './member-record.ts'
export { type PartitionRecord } from './partition-record.ts'
export { type ClusterSettings } from './zookeeper/cluster-settings.ts'
export { ZookeeperCoordinator } from './zookeeper/zookeeper-coordinator.ts'
