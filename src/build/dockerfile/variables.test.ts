import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInstruction } from './parse.ts';
import { expandedTexts, usedVariables } from './variables.ts';

const used = (text: string, heredocs: readonly { name: string; content: string; expand: boolean }[] = []) =>
  expandedTexts(parseInstruction({ line: 1, text, heredocs }, '\\')).flatMap((one) => usedVariables(one, '\\').map(({ name }) => name));

describe('which texts have their variables replaced', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['FROM --platform=$P $I AS x', ['I', 'P']],
    ['ARG A=$B C', ['B']],
    ['ENV A=$B "C"=${D:-$E}', ['B', 'D', 'E']],
    ['LABEL $K=v', ['K']],
    ['WORKDIR $W', ['W']],
    ['USER $U:$G', ['U', 'G']],
    ['STOPSIGNAL $S', ['S']],
    ['EXPOSE $P/udp 80', ['P']],
    ['VOLUME ["$V"]', ['V']],
    ['COPY --from=a --chown=$O --chmod=$M $A $B', ['A', 'B', 'O', 'M']],
    ['COPY --exclude=$X a b', []],
    ['ADD $A $B', ['A', 'B']],
    ['ADD --checksum=$S https://x y', ['S']],
    ['RUN --mount=type=cache,target=$T echo $X', ['T']],
    ['RUN ["echo", "$X"]', []],
    ['CMD echo $X', []],
    ['ENTRYPOINT ["$X"]', []],
    ['SHELL ["$X"]', []],
    ['HEALTHCHECK CMD echo $X', []],
    ['ONBUILD USER $U', []],
    ['MAINTAINER $M', []],
    ['LABEL a=\'$A\' b=\\$B c="$C"', ['C']],
  ];
  for (const [text, expected] of cases) it(text, () => assert.deepEqual(used(text), expected));

  it('here-documents of COPY whose delimiter is not quoted', () => {
    const heredoc = (name: string, expand: boolean) => ({ name, content: `'$${name}' \\$X\n`, expand });
    assert.deepEqual(used('COPY <<A <<B /x/', [heredoc('A', true), heredoc('B', false)]), ['A']);
    assert.deepEqual(used('RUN <<A', [heredoc('A', true)]), []);
  });
  it('tells the modifier and the place of each', () =>
    assert.deepEqual(usedVariables({ text: 'a$B${C:-$D}${E##x}' }, '\\'), [
      { name: 'B', modifier: '', offset: 1 },
      { name: 'C', modifier: ':-', offset: 3 },
      { name: 'D', modifier: '', offset: 8 },
      { name: 'E', modifier: '##', offset: 11 },
    ]));
  it('of a text that does not expand, those before its mistake', () =>
    assert.deepEqual(
      usedVariables({ text: '$A${B' }, '\\').map(({ name }) => name),
      ['A'],
    ));
});
