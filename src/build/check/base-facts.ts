import type { Image } from '#image';
import type { BaseFacts } from './subject.ts';

/** What the rules want to know of a base image. */
export function baseFacts({ config }: Image): BaseFacts {
  const { Env, Shell } = config.config;
  const platform = `${config.os}/${config.architecture}`;
  return { platform, ...(Env === undefined ? {} : { Env }), ...(Shell === undefined ? {} : { Shell }) };
}
