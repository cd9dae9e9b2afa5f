export { addressBytes } from './addresses.ts';
export { CommandError, SystemCallError } from './errors.ts';
export { openLinux } from './open.ts';
export { type RecordedCall, recordingLinux } from './recording.ts';
export { shareFolder, unshareFolder } from './shared-folder.ts';
export type * from './types.ts';
export { openNodes, openXattrs } from './xattrs.ts';
