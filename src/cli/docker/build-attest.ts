import { UsageError } from '../errors.ts';

interface Given {
  readonly sbom?: string | undefined;
  readonly provenance?: string | undefined;
  readonly attest: readonly string[];
}
export interface Attested {
  readonly sbom: boolean;
  readonly provenance: 'min' | 'max' | undefined;
}

/** `--sbom` and `--provenance` alone mean true. Pure. */
export function withAttestValues(words: readonly string[]): readonly string[] {
  return words.map((word) => (word === '--sbom' || word === '--provenance' ? `${word}=true` : word));
}

/** What `--sbom`, `--provenance` and `--attest` ask for together. Errors: `USAGE`. Pure. */
export function attestOptions({ sbom, provenance, attest }: Given): Attested {
  let asked: Attested = { sbom: switchOf('--sbom', sbom ?? 'false'), provenance: provenance === undefined ? undefined : modeOf('--provenance', provenance) };
  for (const text of attest) {
    const [first, ...rest] = text.split(',');
    if (first === 'type=sbom' && rest.length === 0) asked = { ...asked, sbom: true };
    else if (first === 'type=provenance' && rest.length <= 1) asked = { ...asked, provenance: modeOf('--attest', rest[0] ?? 'true') };
    else throw new UsageError(`Cannot take "${text}" for --attest: write type=sbom, or type=provenance[,mode=min|max]`);
  }
  return asked;
}

function switchOf(option: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new UsageError(`Cannot take "${text}" for ${option}: it is true or false`);
  return text === 'true';
}

function modeOf(option: string, text: string): Attested['provenance'] {
  if (text === 'mode=max') return 'max';
  if (text === 'mode=min' || text === 'true') return 'min';
  if (text === 'false') return undefined;
  throw new UsageError(`Cannot take "${text}" for ${option}: it is true, false, mode=min or mode=max`);
}
