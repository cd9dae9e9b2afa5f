import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '#cluster/api';
import { encodeContinue } from './continue-token.ts';
import { listOptions, watchOptions } from './list-options.ts';

/** What is refused, in the words of the refusal. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.status} ${error.message}`;
  }
}
const token = encodeContinue({ revision: 7, after: 'n/a' });
const remainder = encodeContinue({ revision: 'latest', after: 'n/a' });
const refused = (words: string) => `422 ListOptions.meta.k8s.io "" is invalid: ${words}`;
const NO_REVISION = refused('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
const NOT_ZERO = refused('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');

/** Kubernetes' documentation, "Semantics for get and list": every row of resourceVersion × resourceVersionMatch × limit. */
test('what a list is of', () => {
  const any = { kind: 'any' };
  const latest = { kind: 'latest' };
  const notOlder = { kind: 'not-older', revision: 5 };
  const exact = { kind: 'exact', revision: 5 };
  // Without resourceVersion, with 0, with another.
  const rows: readonly (readonly [match: string, limit: string, unset: unknown, zero: unknown, other: unknown])[] = [
    ['', '', latest, any, notOlder],
    ['NotOlderThan', '', NO_REVISION, any, notOlder],
    ['Exact', '', NO_REVISION, NOT_ZERO, exact],
    ['', '3', latest, any, exact],
    ['NotOlderThan', '3', NO_REVISION, any, notOlder],
    ['Exact', '3', NO_REVISION, NOT_ZERO, exact],
  ];
  for (const [resourceVersionMatch, limit, ...expected] of rows) {
    for (const [index, resourceVersion] of ['', '0', '5'].entries()) {
      const query = { resourceVersionMatch, limit, resourceVersion };
      const found = outcome(() => listOptions(query));
      assert.deepEqual(typeof found === 'string' ? found : found.state, expected[index], JSON.stringify(query));
    }
  }
});

test('a list that goes on', () => {
  const check = (query: Record<string, string>, expected: unknown) => {
    const found = outcome(() => listOptions({ limit: '3', ...query }));
    assert.deepEqual(typeof found === 'string' ? found : found.state, expected, JSON.stringify(query));
  };
  check({ continue: token }, { kind: 'continue', from: { after: 'n/a', revision: 7 } });
  check({ continue: remainder, resourceVersion: '0' }, { kind: 'continue', from: { after: 'n/a', revision: 'latest' } });
  check({ continue: token, resourceVersion: '5' }, '400 specifying resource version is not allowed when using continue');
  check(
    { continue: token, resourceVersion: '5', resourceVersionMatch: 'Exact' },
    refused('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'),
  );
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const not = '400 invalid continue token: continue key is not valid';
  check({ continue: '!' }, `${not}: illegal base64 data`);
  check({ continue: 'abc' }, `${not}: not the token of a list that came before`);
  check({ continue: forged({ v: 'v2', rv: 1, start: 'a\0' }) }, `${not}: server does not recognize this encoded version v2`);
  check({ continue: forged({ v: 'meta.k8s.io/v1', rv: 0, start: 'a\0' }) }, `${not}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)`);
  check({ continue: forged({ v: 'meta.k8s.io/v1', rv: 1, start: '' }) }, `${not}: encoded start key empty (version meta.k8s.io/v1)`);
  check({ continue: forged({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets\0' }) }, `${not}: ../secrets\0`);
});

test('what else a list may not ask for', () => {
  const check = (query: Record<string, string>, expected: string) =>
    assert.equal(
      outcome(() => listOptions(query)),
      expected,
    );
  check({ sendInitialEvents: 'true' }, refused('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'));
  check(
    { resourceVersion: '5', resourceVersionMatch: 'Newer' },
    refused('resourceVersionMatch: Unsupported value: "Newer": supported values: "Exact", "NotOlderThan", ""'),
  );
  check({ resourceVersion: 'x' }, '400 invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax');
  check({ limit: 'many' }, '400 strconv.ParseInt: parsing "many": invalid syntax');
  assert.equal(listOptions({ limit: '-5' }).limit, 0);
});

test('how a watch begins', () => {
  const after = (revision?: number) => ({ kind: 'after', revision });
  const initial = (notOlderThan: number | 'latest' = 'latest') => ({ kind: 'initial', notOlderThan });
  const check = (query: Record<string, string>, expected: unknown) => {
    const found = outcome(() => watchOptions(query));
    assert.deepEqual(typeof found === 'string' ? found : found.start, expected, JSON.stringify(query));
  };
  check({}, initial());
  check({ resourceVersion: '0' }, initial(0));
  check({ resourceVersion: '5' }, after(5));
  const match = { resourceVersionMatch: 'NotOlderThan' };
  check({ sendInitialEvents: 'true', ...match }, initial());
  check({ sendInitialEvents: 'true', resourceVersion: '5', ...match }, initial(5));
  check({ sendInitialEvents: 'false', resourceVersion: '5', ...match }, after(5));
  check({ sendInitialEvents: 'false', ...match }, after());
  check({ sendInitialEvents: 'true' }, refused('resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  check(
    { resourceVersion: '5', ...match },
    refused('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
  );
  check(
    { sendInitialEvents: 'true', resourceVersion: '5', resourceVersionMatch: 'Exact' },
    refused(
      '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ),
  );
});
