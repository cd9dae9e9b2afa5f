import assert from 'node:assert/strict';
import { patternOf } from '../../support/words.ts';
import type { Family } from './family.ts';
import { configMap } from './manifests.ts';

const role = (namespace: string, verbs: readonly string[]) => [
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'rec', namespace }, rules: [{ apiGroups: [''], resources: ['pods'], verbs }] },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'rec', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'rec' },
    subjects: verbs.map((verb) => ({ kind: 'User', name: `${verb}ter`, apiGroup: 'rbac.authorization.k8s.io' })),
  },
];

/** auth, impersonation, tokens. */
export const ACCESS: Family = {
  title: 'kubectl auth, --as, --token',
  async prepare(k) {
    await k.has(configMap('a'));
    await k.says('create rolebinding reads --clusterrole=view --user=ann');
  },
  cases: {
    'auth can-i: verbs, subresources, names, URLs, namespaces, quietly': async (k) => {
      await k.says('auth can-i get pods', 'yes');
      await k.says(`auth can-i '*' '*'`, 'yes');
      await k.says('auth can-i get pods --as=ann', 'yes');
      await k.says('auth can-i get pods --subresource=log --as=ann', 'yes');
      await k.says('auth can-i get pods/some-name --as=ann', 'yes');
      await k.says('auth can-i get /healthz --as=nobody', 'yes');
      const no = async (line: string) => {
        const { status, stdout } = await k.try(line);
        assert.equal(status, 1);
        assert.match(stdout, /^no( - .+)?\n$/);
      };
      await no('auth can-i delete pods --as=ann');
      await no('auth can-i get secrets --as=ann');
      await no('auth can-i get pods --as=ann -A');
      await no('auth can-i get pods --as=ann -n default');
      await no('auth can-i create pods --subresource=exec --as=ann');
      await no('auth can-i get /metrics --as=ann');
      const quiet = await k.try('auth can-i delete pods --as=ann -q');
      assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [1, '', '']);
      await k.warns('auth can-i get nothings', `Warning: the server doesn't have a resource type 'nothings'\n`);
      await k.warns('auth can-i get nodes', `Warning: resource 'nodes' is not namespace scoped\n`);
      await k.warns('auth can-i fly pods', `Warning: verb 'fly' is not a known verb\n`);
    },
    'auth can-i --list': async (k) => {
      const list = await k.says('auth can-i --list --as=ann');
      assert.match(list, /^Resources +Non-Resource URLs +Resource Names +Verbs\n/);
      assert.match(list, /\nselfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]\n/);
      assert.match(list, /\npods +\[\] +\[\] +\[get list watch\]\n/);
      assert.match(list, /\n +\[\/version\] +\[\] +\[get\]\n/);
      assert.doesNotMatch(await k.says('auth can-i --list --as=ann --no-headers'), /Non-Resource/);
      assert.match(await k.says('auth can-i --list'), /\n\*\.\* +\[\] +\[\] +\[\*\]\n/);
    },
    'auth whoami': async (k) => {
      await k.says('auth whoami', 'ATTRIBUTE VALUE\nUsername kubernetes-admin\nGroups [system:masters system:authenticated]');
      await k.says(
        'auth whoami --as=jane --as-group=devs --as-group=ops --as-uid=u1',
        'ATTRIBUTE VALUE\nUsername jane\nUID u1\nGroups [devs ops system:authenticated]',
      );
      const me = await k.object('auth whoami -o json --as=jane');
      assert.deepEqual(
        [me.kind, me.apiVersion, me.status],
        ['SelfSubjectReview', 'authentication.k8s.io/v1', { userInfo: { username: 'jane', groups: ['system:authenticated'] } }],
      );
    },
    'auth reconcile: makes, widens, and takes away only when told': async (k) => {
      const file = (verbs: readonly string[]) => k.file('roles.json', { apiVersion: 'v1', kind: 'List', items: role(k.namespace, verbs) });
      await file(['get', 'list']);
      const reconciled = 'role.rbac.authorization.k8s.io/rec reconciled\nrolebinding.rbac.authorization.k8s.io/rec reconciled';
      const made = await k.warns('auth reconcile -f roles.json', /reconciliation required create\n\tmissing rules added:\n[^]*\tmissing subjects added:\n/);
      assert.match(made, patternOf(reconciled));
      await k.says('auth reconcile -f roles.json', reconciled);
      await file(['get']);
      await k.warns('auth reconcile -f roles.json --remove-extra-permissions --remove-extra-subjects --dry-run=client', /extra rules removed:/);
      const state = () => k.says('get role,rolebinding rec -o jsonpath={.items[0].rules[0].verbs}{.items[1].subjects[*].name}');
      assert.equal(await state(), '["get","list"]getter listter');
      await k.says('auth reconcile -f roles.json', /reconciled\n/);
      assert.equal(await state(), '["get","list"]getter listter');
      await k.warns('auth reconcile -f roles.json --remove-extra-permissions --remove-extra-subjects', /extra subjects removed:/);
      assert.equal(await state(), '["get"]getter');
    },
    '--as: the rights of somebody else, and who is refused': async (k) => {
      await k.says('get cm a -o name --as=ann', 'configmap/a');
      await k.refuses(
        'get secrets --as=ann',
        `Error from server (Forbidden): secrets is forbidden: User "ann" cannot list resource "secrets" in API group "" in the namespace "${k.namespace}"`,
      );
      await k.refuses(
        'get cm a -n default --as=ann',
        `Error from server (Forbidden): configmaps "a" is forbidden: User "ann" cannot get resource "configmaps" in API group "" in the namespace "default"`,
      );
      await k.refuses(
        'get nodes --as=ann',
        'Error from server (Forbidden): nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope',
      );
      await k.refuses('get --raw /metrics --as=ann', 'Error from server (Forbidden): forbidden: User "ann" cannot get path "/metrics"');
      await k.says('get cm a -o name --as=nobody --as-group=system:masters', 'configmap/a');
      await k.refuses('get cm --as-group=devs', /requesting uid, groups or user-extra for \S+ without impersonating a user\n$/);
      await k.refuses(
        `delete cm a --as=ann`,
        `Error from server (Forbidden): configmaps "a" is forbidden: User "ann" cannot delete resource "configmaps" in API group "" in the namespace "${k.namespace}"`,
      );
      await k.says('create serviceaccount acc');
      await k.says('create rolebinding acc --clusterrole=view --serviceaccount='.concat(k.namespace, ':acc'));
      await k.says(`get cm a -o name --as=system:serviceaccount:${k.namespace}:acc`, 'configmap/a');
    },
    '--token and a kubeconfig of one’s own': async (k) => {
      const token = (await k.says('create token acc')).trim();
      await k.inside([
        'sh',
        '-c',
        'cp "$KUBECONFIG" own && kubectl --kubeconfig own config unset users && kubectl --kubeconfig own config set-context --current --user=',
      ]);
      await k.says(`get cm a -o name --kubeconfig own --token=${token}`, 'configmap/a');
      await k.says(
        `auth whoami --kubeconfig own --token=${token}`,
        new RegExp(
          `\nUsername +system:serviceaccount:${k.namespace}:acc\nUID +\\S+\nGroups +\\[system:serviceaccounts system:serviceaccounts:${k.namespace} system:authenticated\\]\n`,
        ),
      );
      await k.refuses('get cm --kubeconfig own --token=wrong', 'error: You must be logged in to the server (Unauthorized)');
      await k.says('delete serviceaccount acc');
      await k.refuses(`get cm --kubeconfig own --token=${token}`, 'error: You must be logged in to the server (Unauthorized)');
    },
  },
};
