/** What a unit is made of. */
export interface UnitParts {
  /** The words that start the daemon: absolute paths first, then `up` and its options. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** By this line a unit is known to be of `gantry service install`. */
export const UNIT_MARK = '# Written by "gantry service install"; change it with that, or with "systemctl edit".';

/**
 * The text of the service's unit (systemd.unit(5), systemd.service(5)). Containers and their monitors are not systemd's to end: only the daemon's own
 * process is told to stop, and their control groups are left to it. Pure.
 */
export function unitText({ command, environment }: UnitParts): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`, false)}`);
  return `${UNIT_MARK}
[Unit]
Description=Gantry: container engine, registry and cluster
After=network-online.target nss-lookup.target time-set.target
Wants=network-online.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
${[...variables, `ExecStart=${command.map((word) => quoted(word)).join(' ')}`].join('\n')}
Restart=on-failure
RestartSec=2
TimeoutStartSec=0
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}

/** A word as systemd.service(5) reads it: nothing in it is a specifier or the end of the word, nor, in a command, a variable. */
export function quoted(word: string, inCommand = true): string {
  const plain = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('%', '%%');
  const escaped = inCommand ? plain.replaceAll('$', '$$$$') : plain;
  return /^[\w@%+=:,./\\-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
