import { type Hit, offsetOf, type Rule } from '../rule.ts';
import { walk, wordsOf } from '../scope.ts';
import type { Instruction } from '../../dockerfile/parse.ts';
import type { Subject } from '../subject.ts';

export const EXPOSE_PROTO_CASING: Rule = {
  name: 'ExposeProtoCasing',
  description: 'Protocol in EXPOSE instruction should be lowercase',
  find: (subject) =>
    eachPort(subject, (instruction, port, offset) => {
      const [number = '', protocol = ''] = port.split('/');
      if (protocol === protocol.toLowerCase()) return undefined;
      const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
      return { instruction, offset, message, remedy: `write ${number}/${protocol.toLowerCase()}` };
    }),
};

export const EXPOSE_INVALID_FORMAT: Rule = {
  name: 'ExposeInvalidFormat',
  description: 'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  find: (subject) =>
    eachPort(subject, (instruction, port, offset) => {
      if (!port.includes(':')) return undefined;
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
      return { instruction, offset, message, remedy: `write ${port.slice(port.lastIndexOf(':') + 1)}, and publish it when the container is run` };
    }),
};

function eachPort(subject: Subject, judge: (instruction: Instruction, port: string, offset: number) => Hit | undefined): readonly Hit[] {
  const hits: Hit[] = [];
  walk(subject, (instruction, { names }) => {
    if (instruction.kind !== 'EXPOSE') return;
    for (const written of instruction.values)
      for (const port of wordsOf(written, names, subject)) {
        const hit = judge(instruction, port, offsetOf(instruction, written, instruction.kind.length));
        if (hit) hits.push(hit);
      }
  });
  return hits;
}
