import type { Random } from '#kit';
import type { ContainerId } from './types.ts';

/**
 * An id for a new container. Its beginning, by which a container is called inside, is never figures alone: such a name is taken for an address
 * (inet_aton(3)), so that nothing would find itself by it.
 */
export function newContainerId(random: Random): ContainerId {
  for (;;) {
    const id = random.hex(64);
    // Of 64 hexadecimal digits, as each id is.
    if (!/^\d{12}/.test(id)) return id as ContainerId;
  }
}
