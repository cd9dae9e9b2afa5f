import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Attributes } from '../attributes.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import { notCovered } from './covers.ts';
import { decide } from './decide.ts';
import { explainDenial } from './nearest.ts';
import { type Binding, RbacIndex, type Subject } from './rbac-index.ts';
import { reconciledBinding, reconciledRole } from './reconcile-policy.ts';
import { type PolicyRule, ruleAllows } from './rules.ts';

const pods = (verbs: readonly string[], more: Partial<PolicyRule> = {}): PolicyRule => ({ verbs, apiGroups: [''], resources: ['pods'], ...more });
const asked = (verb: string, resource = 'pods', more: object = {}): Attributes => ({ verb, group: '', resource, namespace: 'shop', ...more });
const jane = { name: 'jane', groups: ['dev', 'system:authenticated'] };

describe('a rule', () => {
  const check = (rule: PolicyRule, what: Attributes, expected: boolean) => assert.equal(ruleAllows(rule, what), expected, JSON.stringify({ rule, what }));
  test('is about verbs, groups, resources, subresources and names', () => {
    check(pods(['get']), asked('get'), true);
    check(pods(['*']), asked('delete'), true);
    check(pods(['get']), asked('list'), false);
    check(pods(['get']), { ...asked('get'), group: 'apps' }, false);
    check(pods(['get'], { apiGroups: ['*'], resources: ['*'] }), asked('get', 'deployments', { group: 'apps', subresource: 'scale' }), true);
    check(pods(['get']), asked('get', 'pods', { subresource: 'log' }), false);
    check(pods(['get'], { resources: ['pods/log'] }), asked('get', 'pods', { subresource: 'log' }), true);
    check(pods(['get'], { resources: ['*/scale'] }), asked('get', 'anything', { subresource: 'scale' }), true);
    check(pods(['get'], { resources: ['*/scale'] }), asked('get', 'anything'), false);
    check(pods(['get'], { resourceNames: ['a'] }), asked('get', 'pods', { name: 'a' }), true);
    check(pods(['get'], { resourceNames: ['a'] }), asked('get', 'pods', { name: 'b' }), false);
    check(pods(['list'], { resourceNames: ['a'] }), asked('list'), false);
  });
  test('or about paths', () => {
    const rule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] };
    check(rule, { verb: 'get', path: '/healthz' }, true);
    check(rule, { verb: 'get', path: '/healthz/etcd' }, false);
    check(rule, { verb: 'get', path: '/apis/apps' }, true);
    check(rule, { verb: 'post', path: '/apis/apps' }, false);
    check(rule, asked('get'), false);
  });
});

test('decisions are those of looking at every binding, whatever was put, changed and removed before', () => {
  const names: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c');
  const subject: fc.Arbitrary<Subject> = fc.oneof(
    names.map((name) => ({ kind: 'User', name })),
    names.map((name) => ({ kind: 'Group', name })),
    fc.record({ kind: fc.constant('ServiceAccount'), name: names, namespace: fc.constantFrom('x', 'y') }),
  );
  const step = fc.record({
    remove: fc.boolean(),
    namespace: fc.constantFrom(undefined, 'x', 'y'),
    name: names,
    role: names,
    subjects: fc.array(subject, { maxLength: 3 }),
  });
  const user = fc.oneof(
    fc.record({ name: names, groups: fc.uniqueArray(names) }),
    fc.record({ name: fc.constantFrom('system:serviceaccount:x:a', 'system:serviceaccount:y:b'), groups: fc.constant([] as string[]) }),
  );
  const verbs = { a: 'get', b: 'list', c: 'watch' } as const;
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      user,
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom(undefined, 'x', 'y'),
      (steps, who, role, namespace) => {
        const index = new RbacIndex();
        for (const [name, verb] of Object.entries(verbs)) index.putRole({ namespace: undefined, name, labels: {}, rules: [pods([verb])] });
        const all = new Map<string, Binding>();
        for (const one of steps) {
          const key = `${one.namespace}/${one.name}`;
          const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: one.role };
          const binding: Binding = {
            kind: one.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
            namespace: one.namespace,
            name: one.name,
            roleRef,
            subjects: one.subjects,
          };
          if (one.remove) {
            index.removeBinding(one.namespace, one.name);
            all.delete(key);
          } else {
            index.putBinding(binding);
            all.set(key, binding);
          }
        }
        const isHe = ({ kind, name, namespace: at }: Subject) =>
          kind === 'User' ? name === who.name : kind === 'Group' ? who.groups.includes(name) : who.name === `system:serviceaccount:${at}:${name}`;
        const expected = [...all.values()].some(
          (one) => (one.namespace === undefined || one.namespace === namespace) && one.roleRef.name === role && one.subjects.some(isHe),
        );
        const what: Attributes = { verb: verbs[role], group: '', resource: 'pods', ...(namespace === undefined ? {} : { namespace }) };
        assert.equal(decide(index, who, what).allowed, expected);
      },
    ),
  );
});

describe('an explanation', () => {
  const index = new RbacIndex();
  const bind = (name: string, namespace: string | undefined, role: string, kind = 'User', subject = 'jane') => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
    index.putBinding({ kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding', namespace, name, roleRef, subjects: [{ kind, name: subject }] });
  };
  index.putRole({ namespace: undefined, name: 'reader', labels: {}, rules: [pods(['get', 'list'])] });
  index.putRole({ namespace: undefined, name: 'editor', labels: {}, rules: [pods(['*'])] });
  index.putRole({ namespace: undefined, name: 'edit', labels: {}, rules: [pods(['*'])] });
  bind('reads', 'shop', 'reader');
  bind('elsewhere', 'bank', 'editor', 'Group', 'dev');
  bind('dangling', 'void', 'nowhere');
  const check = (what: Attributes, nearest: RegExp, remedy: RegExp) => {
    const found = explainDenial(index, jane, what);
    assert.match(found.nearest, nearest);
    assert.match(found.remedy, remedy);
  };
  test('names the rule that came nearest and what would allow it', () => {
    check(
      asked('delete'),
      /^RoleBinding "elsewhere\/bank" of ClusterRole "editor" to Group "dev" allows it in the namespace "bank" only$/,
      /--clusterrole=edit --user=jane --namespace=shop/,
    );
    check(
      { ...asked('get'), subresource: 'log' },
      /"reads\/shop".* allows it on pods, but not on pods\/log/,
      /create role ROLE --verb=get --resource=pods\/log --namespace=shop && kubectl create rolebinding NAME --role=ROLE --user=jane/,
    );
    check(
      asked('get', 'nodes'),
      /^RoleBinding "dangling\/void" of ClusterRole "nowhere" to User "jane" allows nothing: there is no such ClusterRole$/,
      /create role ROLE --verb=get --resource=nodes/,
    );
    check({ verb: 'get', path: '/metrics' }, /allows nothing/, /--non-resource-url=\/metrics/);
  });
  test('says so where nothing is bound', () => {
    assert.equal(explainDenial(index, { name: 'bob', groups: ['system:authenticated'] }, asked('get')).nearest, 'no role is bound to the user "bob"');
    const account = { name: 'system:serviceaccount:shop:web', groups: ['system:serviceaccounts'] };
    assert.match(explainDenial(index, account, asked('delete')).remedy, /--serviceaccount=shop:web/);
  });
});

test('what is not covered is told permission by permission', () => {
  const check = (owned: readonly PolicyRule[], wanted: readonly PolicyRule[], expected: readonly PolicyRule[]) =>
    assert.deepEqual(notCovered(owned, wanted), expected);
  check([pods(['*'])], [pods(['get', 'delete'])], []);
  check([pods(['get'])], [pods(['get', 'delete', 'list'])], [pods(['delete', 'list'])]);
  check([pods(['get'], { resourceNames: ['a'] })], [pods(['get'])], [pods(['get'])]);
  check([pods(['get'])], [pods(['get'], { resourceNames: ['a'] })], []);
  check([pods(['get'], { resources: ['*/scale'] })], [{ verbs: ['get'], apiGroups: [''], resources: ['pods/scale', 'pods'] }], [pods(['get'])]);
  check(
    [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }],
    [{ verbs: ['get'], nonResourceURLs: ['/apis/apps', '/metrics'] }],
    [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
  );
});

describe('the roles that every cluster has', () => {
  const { roles, bindings } = bootstrapPolicy();
  test('are all bound to roles that are there, and each has rules or an aggregation', () => {
    assert.ok(roles.length > 70 && bindings.length > 50);
    const known = new Set(roles.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`));
    for (const { roleRef, metadata } of bindings)
      assert.ok(known.has(`${roleRef.kind}/${roleRef.kind === 'Role' ? metadata.namespace : ''}/${roleRef.name}`), `${metadata.name} binds ${roleRef.name}`);
    for (const { rules, aggregationRule, metadata } of roles) assert.ok((rules?.length ?? 0) > 0 || aggregationRule, metadata.name ?? '');
  });
  test('get back what they lack and keep what was added, unless somebody else looks after them', () => {
    const [wanted] = roles.filter(({ metadata }) => metadata.name === 'system:basic-user');
    assert.ok(wanted);
    assert.equal(reconciledRole(wanted, wanted), undefined);
    const more = [...(wanted.rules ?? []), pods(['get'])];
    assert.equal(reconciledRole({ ...wanted, rules: more }, wanted), undefined);
    assert.deepEqual(reconciledRole({ ...wanted, rules: [pods(['get'])] }, wanted)?.rules?.[0], pods(['get']));
    const theirs = { ...wanted, rules: [], metadata: { ...wanted.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } } };
    assert.equal(reconciledRole(theirs, wanted), undefined);
    const [binding] = bindings;
    assert.ok(binding);
    const [how, subjects] = [
      reconciledBinding({ ...binding, subjects: [] }, binding)?.how,
      reconciledBinding({ ...binding, subjects: [] }, binding)?.object.subjects,
    ];
    assert.deepEqual([how, subjects], ['update', binding.subjects]);
    assert.equal(reconciledBinding({ ...binding, roleRef: { ...binding.roleRef, name: 'view' } }, binding)?.how, 'replace');
  });
});
