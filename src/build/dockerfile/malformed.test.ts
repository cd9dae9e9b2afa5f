import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DockerfileError } from '../errors.ts';
import { expandAt, globalArgs } from '../plan/arguments.ts';
import { gather } from '../plan/gather.ts';
import { planGraph } from '../plan/plan.ts';
import { splitStages } from '../plan/stages.ts';
import { parseDockerfile } from './parse.ts';
import { DockerfileSyntaxError } from './syntax-error.ts';

/** Reads and plans as a build does, as far as no image is needed. */
async function planned(source: string): Promise<void> {
  const file = parseDockerfile(source);
  const globals = globalArgs(file, {}, { architecture: 'amd64', target: '' });
  const stages = splitStages(file, undefined, (text, line) => expandAt(text, line, file.escape, (name) => globals.values.get(name)));
  const gathered = await gather(stages, () => Promise.resolve(undefined));
  planGraph(file, stages, gathered, globals, { buildArgs: {}, networkMode: 'default' });
}

/** A file, the line and the instruction that its error names (none where there is none), and a word of the remedy. */
const CASES: readonly (readonly [string, number, string, RegExp])[] = [
  ['', 1, '', /begin with FROM/],
  ['# only\n', 1, '', /begin with FROM/],
  ['RUN x', 1, 'RUN', /must be FROM/],
  ['ARG A', 1, '', /must be FROM/],
  ['FORM a', 1, '', /FROM/],
  ['FROM a\nRUNX y', 2, '', /RUN/],
  ['FROM a\n&& y', 2, '', /ends with \\/],
  ['FROM', 1, 'FROM', /write FROM IMAGE/],
  ['FROM a b', 1, 'FROM', /AS STAGE/],
  ['FROM a AS', 1, 'FROM', /AS STAGE/],
  ['FROM a AS 1x', 1, 'FROM', /letters, digits/],
  ['FROM --plat=x a', 1, 'FROM', /--platform/],
  ['FROM --platform a', 1, 'FROM', /--platform=VALUE/],
  ['FROM $A', 1, 'FROM', /ARG/],
  ['FROM a\nARG =x', 2, 'ARG', /name before the =/],
  ['FROM a\nENV', 2, 'ENV', /ENV NAME=value/],
  ['FROM a\nENV A', 2, 'ENV', /ENV A=value/],
  ['FROM a\nENV A=1 B', 2, 'ENV', /quotes/],
  ['FROM a\nENV =1', 2, 'ENV', /name/],
  ['FROM a\nENV A="x', 2, 'ENV', /close the quote/],
  ['FROM a\nENV A=${B', 2, 'ENV', /\}/],
  ['FROM a\nENV A=${B:?missing}', 2, 'ENV', /ARG|ENV|--build-arg/],
  ['FROM a\nLABEL a=1 b', 2, 'LABEL', /quotes/],
  ['FROM a\nLABEL', 2, 'LABEL', /name=value/],
  ['FROM a\nWORKDIR', 2, 'WORKDIR', /\/path/],
  ['FROM a\nUSER', 2, 'USER', /USER NAME/],
  ['FROM a\nSTOPSIGNAL SIGFOO', 2, 'STOPSIGNAL', /SIGTERM/],
  ['FROM a\nSTOPSIGNAL 65', 2, 'STOPSIGNAL', /1 to 64/],
  ['FROM a\nSTOPSIGNAL 0', 2, 'STOPSIGNAL', /1 to 64/],
  ['FROM a\nENV S=NONE\nSTOPSIGNAL $S', 3, 'STOPSIGNAL', /SIGTERM/],
  ['FROM a\nCOPY x', 2, 'COPY', /DESTINATION/],
  ['FROM a\nCOPY ["x"]', 2, 'COPY', /DESTINATION/],
  ['FROM a\nCOPY ["x", 1]', 2, 'COPY', /quotes|strings/],
  ['FROM a\nCOPY "x y', 2, 'COPY', /close it/],
  ['FROM a\nCOPY --form=b x y', 2, 'COPY', /--from/],
  ['FROM a\nCOPY --from= x y', 2, 'COPY', /--from=STAGE/],
  ['FROM a\nCOPY --from=3 x y', 2, 'COPY', /stage/],
  ['FROM a\nCOPY --chmod=rwz x y', 2, 'COPY', /octal/],
  ['FROM a\nCOPY --link=maybe x y', 2, 'COPY', /true or false/],
  ['FROM a\nCOPY --link --link x y', 2, 'COPY', /once/],
  ['FROM a\nCOPY x <<E\nE', 2, 'COPY', /path/],
  ['FROM a\nCOPY <<E /x\ny', 2, '', /line that holds E/],
  ['FROM a\nADD --checksum=md5:1 x y', 2, 'ADD', /sha256:/],
  ['FROM a\nADD --from=b x y', 2, 'ADD', /ADD takes/],
  ['FROM a\nRUN', 2, 'RUN', /RUN COMMAND/],
  ['FROM a\nRUN --network=off x', 2, 'RUN', /none, host/],
  ['FROM a\nRUN --security=on x', 2, 'RUN', /insecure/],
  ['FROM a\nRUN --mount=type=foo,target=/x y', 2, 'RUN', /cache/],
  ['FROM a\nRUN --mount=target=/ y', 2, 'RUN', /below the root/],
  ['FROM a\nRUN --mount=type=cache,target=/x,sharing=no y', 2, 'RUN', /locked/],
  ['FROM a\nRUN --mount=type=tmpfs,target=/x,size=big y', 2, 'RUN', /\d/],
  ['FROM a\nRUN ["x", {}]', 2, 'RUN', /quotes|strings/],
  ['FROM a\nRUN <<E\nx', 2, '', /line that holds E/],
  ['FROM a\nCMD', 2, 'CMD', /\["program"/],
  ['FROM a\nCMD --x y', 2, 'CMD', /write --/],
  ['FROM a\nENTRYPOINT', 2, 'ENTRYPOINT', /\["program"/],
  ['FROM a\nSHELL sh', 2, 'SHELL', /SHELL \[/],
  ['FROM a\nSHELL []', 2, 'SHELL', /SHELL \[/],
  ['FROM a\nEXPOSE 99999', 2, 'EXPOSE', /80/],
  ['FROM a\nEXPOSE http', 2, 'EXPOSE', /80/],
  ['FROM a\nEXPOSE 80/icmp', 2, 'EXPOSE', /udp/],
  ['FROM a\nVOLUME []', 2, 'VOLUME', /VOLUME \/path/],
  ['FROM a\nHEALTHCHECK TCP', 2, 'HEALTHCHECK', /write CMD/],
  ['FROM a\nHEALTHCHECK --interval=x CMD y', 2, 'HEALTHCHECK', /30s/],
  ['FROM a\nHEALTHCHECK --retries=-1 CMD y', 2, 'HEALTHCHECK', /--retries=3/],
  ['FROM a\nONBUILD ONBUILD RUN x', 2, 'ONBUILD', /once/],
  ['FROM a\nONBUILD FROM b', 2, 'ONBUILD', /another instruction/],
  ['# escape=x\nFROM a', 1, '', /escape/],
  ['ARG A=${B\nFROM a', 1, 'ARG', /close it/],
  ['FROM a\nRUN --mount=type=bind,from=2,target=/x y', 2, 'RUN', /above/],
  ['FROM a\nCOPY http://a/b /c', 2, 'COPY', /use ADD/],
  ['FROM a\nENV A=${B!x}', 2, 'ENV', /modifiers/],
];

describe('a malformed Dockerfile names line, instruction and remedy', () => {
  for (const [source, line, instruction, remedy] of CASES)
    it(JSON.stringify(source), async () => {
      await assert.rejects(planned(source), (error) => {
        assert.ok(error instanceof DockerfileError, String(error));
        assert.match(error.message, new RegExp(`^dockerfile parse error on line ${line}: `));
        assert.match(error.message, remedy);
        if (instruction === '') return true;
        assert.ok(error instanceof DockerfileSyntaxError, `it names no instruction: ${error.message}`);
        assert.equal(error.instruction, instruction);
        return true;
      });
    });
});
