import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NAMES } from '../dockerfile/parse.ts';
import { baseNames, checkDockerfile } from './check.ts';
import { RULES } from './rules/index.ts';
import type { Surroundings } from './subject.ts';

const HERE: Surroundings = { platform: 'linux/amd64' };
const check = (source: string, more: Partial<Surroundings> = {}) => checkDockerfile(source, { ...HERE, ...more });
const shown = (source: string, more: Partial<Surroundings> = {}) => check(source, more).findings.map(({ rule, line, column }) => `${rule} ${line}:${column}`);

describe('the rules', () => {
  const cases: readonly (readonly [string, string, readonly string[], Partial<Surroundings>?])[] = [
    ['nothing to tell', 'FROM scratch AS a\nCOPY --from=0x x /\nCMD ["x"]', []],
    ['stage name', 'FROM scratch AS Big', ['StageNameCasing 1:17']],
    ['as and FROM', 'FROM scratch as a', ['FromAsCasing 1:14']],
    ['from and as', 'from scratch as a', []],
    ['from and AS', 'from scratch AS a', ['FromAsCasing 1:14']],
    ['From is told once', 'From scratch as a\nUSER u', ['ConsistentInstructionCasing 1:1']],
    ['blank within', 'FROM scratch\nLABEL a=b \\\n\n\n c=d\nLABEL e=f', ['NoEmptyContinuation 3:1']],
    ['mixed casing, upper', 'FROM scratch\nuser u\nUSER v', ['ConsistentInstructionCasing 2:1']],
    ['mixed casing, lower', 'from scratch\nuser u\nUSER v', ['ConsistentInstructionCasing 3:1']],
    ['mixed letters', 'FROM scratch\nUser u', ['ConsistentInstructionCasing 2:1']],
    ['stage twice', 'FROM scratch AS a\nFROM scratch AS b\nFROM scratch AS a', ['DuplicateStageName 3:17']],
    ['reserved', 'FROM scratch AS context\nFROM x AS scratch', ['ReservedStageName 1:17', 'ReservedStageName 2:11']],
    ['shell form', 'FROM scratch\nCMD x\nENTRYPOINT y', ['JSONArgsRecommended 2:1', 'JSONArgsRecommended 3:1']],
    ['shell form meant', 'FROM scratch\nSHELL ["sh"]\nCMD x', []],
    ['shell form meant below', 'FROM scratch AS a\nSHELL ["sh"]\nFROM a\nCMD x', []],
    ['shell form meant by the base', 'FROM a\nCMD x', [], { bases: new Map([['a', { Shell: ['sh'] }]]) }],
    ['maintainer', 'FROM scratch\nMAINTAINER m', ['MaintainerDeprecated 2:1']],
    ['undeclared in FROM', 'ARG A=a\nFROM $A:$B', ['InvalidDefaultArgInFrom 2:6', 'UndefinedArgInFrom 2:9']],
    ['undeclared in FROM, with a default', 'FROM ${A:-b}', []],
    ['undeclared platform', 'FROM --platform=$BULIDPLATFORM scratch', ['UndefinedArgInFrom 1:17']],
    ['predeclared in FROM', 'FROM --platform=$BUILDPLATFORM scratch\nFROM a-$TARGETARCH', []],
    ['relative workdir', 'FROM scratch\nWORKDIR a\nWORKDIR b', ['WorkdirRelativePath 2:1']],
    ['relative after absolute', 'FROM scratch\nWORKDIR /a\nWORKDIR b', []],
    ['relative after absolute below', 'FROM scratch AS a\nWORKDIR /a\nFROM a\nWORKDIR b', []],
    ['workdir by variable', 'FROM scratch\nENV D=/d\nWORKDIR $D', []],
    ['undefined variable', 'FROM scratch\nCOPY $foo /x', ['UndefinedVar 2:6']],
    ['undefined in a continued line', 'FROM scratch\nLABEL a=b \\\n  c=${foo}', ['UndefinedVar 3:5']],
    ['undefined with a default', 'FROM scratch\nUSER ${foo:-u}${foo-}${foo:+}${foo:?}', []],
    ['undefined with another modifier', 'FROM scratch\nUSER ${foo%x}', ['UndefinedVar 2:6']],
    ['defined by ARG and ENV', 'FROM scratch\nARG A B=1\nENV C=$A$B\nUSER $C$A', []],
    ['not yet defined', 'FROM scratch\nENV A=1 B=$A', ['UndefinedVar 2:11']],
    ['global only', 'ARG A=1\nFROM scratch\nUSER $A', ['UndefinedVar 3:6']],
    ['global, declared', 'ARG A=1\nFROM scratch\nARG A\nUSER $A', []],
    ['inherited from a stage', 'FROM scratch AS a\nENV A=1\nFROM a\nUSER $A', []],
    ['set by the base image', 'FROM a\nUSER $A', [], { bases: new Map([['a', { Env: ['A=1'] }]]) }],
    ['not set by the base image', 'FROM a\nUSER $B', ['UndefinedVar 2:6'], { bases: new Map([['a', { Env: ['A=1'] }]]) }],
    ['proxies and PATH', 'FROM scratch\nENV P=$PATH$http_proxy', []],
    ['escaped, in single quotes, for the shell', 'FROM scratch\nLABEL a=\\$foo b=\'$foo\'\nRUN echo $foo\nCMD ["$foo"]', []],
    ['parameters of the shell', 'FROM scratch\nLABEL a=$1$@', []],
    ['in a here-document', 'FROM scratch\nCOPY <<A <<"B" /x/\n$foo\nA\n$bar\nB', ['UndefinedVar 2:1']],
    ['in a mount', 'FROM scratch\nRUN --mount=type=cache,target=$foo x', ['UndefinedVar 2:31']],
    [
      'several of a kind',
      'FROM scratch\nCMD ["a"]\nCMD ["b"]\nHEALTHCHECK NONE\nHEALTHCHECK NONE',
      ['MultipleInstructionsDisallowed 2:1', 'MultipleInstructionsDisallowed 4:1'],
    ],
    ['one in each stage', 'FROM scratch AS a\nCMD ["a"]\nFROM a\nCMD ["b"]', []],
    ['old form', 'FROM scratch\nENV a b\nLABEL c d', ['LegacyKeyValueFormat 2:1', 'LegacyKeyValueFormat 3:1']],
    [
      'target platform',
      'FROM --platform=$TARGETPLATFORM scratch\nFROM --platform=${TARGETPLATFORM} scratch',
      ['RedundantTargetPlatform 1:6', 'RedundantTargetPlatform 2:6'],
    ],
    [
      'secrets',
      'ARG TOKEN\nFROM scratch\nARG A API_KEY=x\nENV DB_PASSWORD=x PUBLIC_KEY=y secret=z KEYBOARD=q',
      ['SecretsUsedInArgOrEnv 3:7', 'SecretsUsedInArgOrEnv 4:5', 'SecretsUsedInArgOrEnv 4:32'],
    ],
    ['default of FROM', 'ARG V\nFROM x:$V', ['InvalidDefaultArgInFrom 2:6']],
    ['default of FROM, given', 'ARG V\nFROM x:$V', ['InvalidDefaultArgInFrom 2:6'], { buildArgs: { V: '1' } }],
    ['default of FROM that makes a name', 'ARG V=1\nFROM x:$V', []],
    ['constant platform', 'FROM --platform=linux/arm64 scratch AS x', ['FromPlatformFlagConstDisallowed 1:6']],
    ['constant platform by its short name', 'FROM --platform=arm64 scratch', ['FromPlatformFlagConstDisallowed 1:6']],
    ['constant platform that the name says', 'FROM --platform=linux/arm64 scratch AS x_arm64\nFROM --platform=linux scratch AS linux', []],
    [
      'ignored',
      'FROM scratch\nCOPY a b/c /x/\nADD ./d/ http://e /x/',
      ['CopyIgnoredFile 2:6', 'CopyIgnoredFile 2:8', 'CopyIgnoredFile 3:5'],
      { ignored: ['a', 'b', 'd', 'http*'] },
    ],
    ['ignored, all', 'FROM scratch\nCOPY . /', ['CopyIgnoredFile 2:6'], { ignored: ['*'] }],
    ['ignored, with exceptions', 'FROM scratch\nCOPY a /', [], { ignored: ['*', '!a'] }],
    ['ignored, of another stage', 'FROM scratch AS x\nFROM scratch\nCOPY --from=x a /', [], { ignored: ['a'] }],
    ['platform of the base', 'FROM a', ['InvalidBaseImagePlatform 1:6'], { bases: new Map([['a', { platform: 'linux/arm64' }]]) }],
    ['platform of the base, in short', 'FROM --platform=linux a AS linux', [], { bases: new Map([['a', { platform: 'linux/amd64' }]]) }],
    ['casing of what stands above', 'arg A\nFROM scratch', []],
    ['platform of the base, right', 'FROM a', [], { bases: new Map([['a', { platform: 'linux/amd64/v2' }]]) }],
    ['protocol', 'FROM scratch\nENV P=53/UDP\nEXPOSE 80/TCP 81/tcp $P', ['ExposeProtoCasing 3:8', 'ExposeProtoCasing 3:22']],
    ['mapping', 'FROM scratch\nEXPOSE 80:80 127.0.0.1:81:81', ['ExposeInvalidFormat 2:8', 'ExposeInvalidFormat 2:14']],
    ['stage below', 'FROM scratch AS a\nCOPY --from=b x /\nFROM scratch AS b', ['UndefinedStage 2:8']],
    ['stage itself', 'FROM scratch AS a\nCOPY --from=a x /', ['UndefinedStage 2:8']],
    ['stage by number', 'FROM scratch\nCOPY --from=0 x /', ['UndefinedStage 2:8']],
    ['stage with a slip', 'FROM scratch AS builder\nFROM scratch\nRUN --mount=target=/x,from=bulider x', ['UndefinedStage 3:23']],
    ['stages and images', 'FROM scratch AS a\nFROM scratch\nCOPY --from=A x /\nCOPY --from=0 x /\nCOPY --from=nginx x /', []],
    ['skipped in the file', '# check=skip=JSONArgsRecommended, StageNameCasing\nFROM scratch AS A\nCMD x', []],
    ['all skipped', '# check=skip=all\nFROM scratch AS A', []],
    ['skipped above one', 'FROM scratch AS a\n# check=skip=JSONArgsRecommended\nCMD x\nFROM scratch\nCMD x', ['JSONArgsRecommended 5:1']],
    ['descriptions are not looked at', '# other\nFROM scratch AS a', []],
    [
      'descriptions on request',
      '# check=experimental=InvalidDefinitionDescription\n# other\nFROM scratch AS a\n# B is\nARG B\n\n# apart\n\nARG C',
      ['InvalidDefinitionDescription 3:1'],
    ],
  ];
  for (const [name, source, expected, more] of cases) it(name, () => assert.deepEqual(shown(source, more), expected));

  it('each of them is seen by one of these cases', () => {
    const seen = new Set(cases.flatMap(([, , expected]) => expected.map((text) => text.split(' ')[0])));
    assert.deepEqual([...seen].sort(), RULES.map(({ name }) => name).sort());
  });
});

describe('checkDockerfile', () => {
  it('says what is wrong, where it is told and what to write', () => {
    const { findings, failsBuild } = check('FROM scratch\nENV OTHER=1\nENV A=$OTHR');
    assert.deepEqual(findings, [
      {
        rule: 'UndefinedVar',
        description: 'Variables should be defined before their use',
        url: 'https://docs.docker.com/go/dockerfile/rule/undefined-var/',
        line: 3,
        column: 7,
        end: 3,
        message: "Usage of undefined variable '$OTHR' (did you mean $OTHER?)",
        remedy: 'define it with ARG or ENV above',
      },
    ]);
    assert.equal(failsBuild, false);
  });
  it('names the pages that document the rules', () => {
    const { findings } = check('FROM scratch AS A\nCMD x\nENV a b');
    assert.deepEqual(
      findings.map(({ url }) => url.replace(/.*rule\//, '')),
      ['stage-name-casing/', 'json-args-recommended/', 'legacy-key-value-format/'],
    );
  });
  it('lets findings fail the build where the file asks for it', () => {
    assert.equal(check('# check=error=true\nFROM scratch\nCMD x').failsBuild, true);
    assert.equal(check('# check=skip=JSONArgsRecommended;error=true\nFROM scratch\nCMD x').failsBuild, false);
  });
  it('tells what stands before a mistake, and the mistake', () => {
    const { findings, mistake } = check('FROM scratch AS A\nMAINTAINER m\nBADCMD');
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['StageNameCasing', 'MaintainerDeprecated'],
    );
    assert.match(mistake?.message ?? '', /^dockerfile parse error on line 3: unknown instruction: BADCMD/);
    assert.deepEqual(check('FROM a\nCOPY \\\n  --form=x a b').mistake?.line, 3);
    assert.deepEqual(check('FROM a\nCOPY \\\n  --form=x a b').mistake?.column, 3);
  });
  it('refuses options that do not read', () =>
    assert.match(
      check('# check=skipp=all\nFROM scratch').mistake?.message ?? '',
      /on line 1: failed to parse check options: invalid check option "skipp=all": write/,
    ));
  it('tells of the stages that a target needs', () => {
    const source = 'FROM scratch AS A\nFROM scratch AS B\nFROM scratch AS C\nCOPY --from=b x /\nFROM scratch AS D\nRUN --mount=from=0,target=/x x\nFROM d AS E';
    assert.deepEqual(shown(source, { target: 'c' }), ['StageNameCasing 2:17', 'StageNameCasing 3:17']);
    assert.deepEqual(shown(source, { target: 'e' }), ['StageNameCasing 1:17', 'StageNameCasing 5:17', 'StageNameCasing 7:11']);
    assert.deepEqual(shown(source, { target: '0' }), ['StageNameCasing 1:17']);
    assert.match(
      check('FROM a AS build', { target: 'biuld' }).mistake?.message ?? '',
      /target stage "biuld" could not be found \(did you mean build\?\): the stages are build/,
    );
  });
  it('names the base images, variables replaced', () =>
    assert.deepEqual(baseNames('ARG V=1\nFROM a:$V AS x\nFROM scratch\nFROM x\nFROM a:1\nFROM b', HERE), ['a:1', 'b']));

  it('checks every file', () => {
    const piece = fc.oneof(
      fc.constantFrom(...NAMES),
      fc.constantFrom('FROM a', '\n', ' ', '$A', '${A', ':', '=', 'AS', '"', '<<E', '[', '/', '--from=', '--platform=', '# check=', 'skip=all'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const source = pieces.join(' ');
        const lines = source.split('\n').length;
        for (const { line, column, end } of check(source, { ignored: ['*'] }).findings) assert.ok(line >= 1 && end >= line && end <= lines && column >= 1);
      }),
      { numRuns: 3000 },
    );
  });
});
