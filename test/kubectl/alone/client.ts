import assert from 'node:assert/strict';
import type { Family } from './family.ts';
import { configMap } from './manifests.ts';

/** What kubectl mostly does by itself, and the flags of every command. */
export const CLIENT: Family = {
  title: 'kubectl config, completion, options, plugin, top, and the flags of every command',
  prepare: (k) => k.has(configMap('a', { k: 'v' })),
  cases: {
    'config: views, makes, uses, renames and deletes contexts, clusters and users': async (k) => {
      await k.inside(['sh', '-c', 'cp "$KUBECONFIG" own']);
      const config = (line: string, expected?: string | RegExp) => k.says(`config ${line} --kubeconfig own`, expected);
      const name = (await config('current-context')).trim();
      await config('view --minify -o jsonpath={.clusters[0].cluster.certificate-authority-data}', 'DATA+OMITTED');
      await config('view --raw -o jsonpath={.clusters[0].cluster.certificate-authority-data}', /^[A-Za-z0-9+/=]{100,}$/);
      await config('view --flatten --minify -o jsonpath={.users[*].name}', /\S+/);
      await config('set-cluster far --server=https://192.0.2.1:6443 --insecure-skip-tls-verify=true', 'Cluster "far" set.');
      await config('set-credentials me --token=t', 'User "me" set.');
      await config(`set-context far --cluster=far --user=me --namespace=${k.namespace}`, 'Context "far" created.');
      await config('get-contexts', new RegExp(`^CURRENT +NAME +CLUSTER +AUTHINFO +NAMESPACE\n +far +far +me +${k.namespace}\n\\* +${name} `));
      await config('get-contexts -o name', `far\n${name}`);
      await config('get-clusters', /^NAME\n(\S+\n)?far\n/);
      await config('get-users', /\nme\n/);
      await config('use-context far', 'Switched to context "far".');
      await config('current-context', 'far');
      await config('rename-context far near', 'Context "far" renamed to "near".');
      await config('set contexts.near.namespace other', 'Property "contexts.near.namespace" set.');
      await config('unset contexts.near.namespace', 'Property "contexts.near.namespace" unset.');
      await config(`use-context ${name}`);
      await config('delete-context near', 'deleted context near from own');
      await config('delete-cluster far', 'deleted cluster far from own');
      await config('delete-user me', 'deleted user me from own');
      await config(`set-context --current --namespace=${k.namespace}`, `Context "${name}" modified.`);
      assert.equal(await k.inside(['kubectl', '--kubeconfig', 'own', 'get', 'cm', 'a', '-o', 'name']), 'configmap/a\n');
      await k.refuses('config use-context none --kubeconfig own', 'error: no context exists with the name: "none"');
    },
    '--dry-run and --validate: unknown fields are refused, warned of, or let pass': async (k) => {
      await k.file('odd.json', { ...configMap('odd'), dat: {}, metadata: { name: 'odd', foo: 1 } });
      const unknown = `unknown field "dat", unknown field "metadata.foo"`;
      await k.refuses(
        'create -f odd.json',
        `Error from server (BadRequest): error when creating "odd.json": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${unknown}`,
      );
      await k.refuses(
        'apply -f odd.json --validate=strict',
        /^Error from server \(BadRequest\): error when creating "odd\.json": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"/,
      );
      await k.warns('create -f odd.json --validate=warn --dry-run=server', 'Warning: unknown field "dat"\nWarning: unknown field "metadata.foo"');
      await k.warns('create -f odd.json --validate=ignore', '');
      await k.refuses(
        'replace -f odd.json',
        /^Error from server \(BadRequest\): error when replacing "odd\.json": .*strict decoding error: unknown field "dat"/,
      );
      await k.refuses(
        'create -f odd.json --validate=maybe',
        'error: invalid - validate option "maybe"; must be one of: strict (or true), warn, ignore (or false)',
      );
      await k.refuses('create -f odd.json --dry-run=maybe', /^error: Invalid dry-run value \(maybe\)\. Must be "none", "server", or "client"\./);
      await k.file('wrong.json', { ...configMap('w'), data: ['a'] });
      await k.refuses(
        'create -f wrong.json',
        /^Error from server \(BadRequest\): error when creating "wrong\.json": ConfigMap in version "v1" cannot be handled as a ConfigMap: /,
      );
      await k.file('unknown.json', { apiVersion: 'v9', kind: 'ConfigMap', metadata: { name: 'u' } });
      await k.refuses(
        'create -f unknown.json',
        /^error: resource mapping not found for name: "u" namespace: "" from "unknown\.json": no matches for kind "ConfigMap" in version "v9"\n/,
      );
    },
    '--warnings-as-errors, --request-timeout, --cache-dir, --server, -v': async (k) => {
      await k.refuses('replace -f odd.json --validate=warn --dry-run=server --warnings-as-errors', /2 warnings received/);
      await k.says('get cm a -o name --request-timeout=10s', 'configmap/a');
      await k.refuses(
        'get cm --request-timeout=soon',
        /^error: Invalid timeout value\. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit/,
      );
      await k.says('get cm a -o name --cache-dir=cache', 'configmap/a');
      assert.match(await k.inside(['sh', '-c', 'find cache -name servergroups.json']), /^cache\/discovery\/\S+\/servergroups\.json\n$/);
      await k.refuses('get cm -s https://127.0.0.1:1', /The connection to the server 127\.0\.0\.1:1 was refused - did you specify the right host or port\?\n$/);
      await k.warns('get cm a -v=6', new RegExp(`GET https://[\\d.]+:\\d+/api/v1/namespaces/${k.namespace}/configmaps/a 200 OK in \\d+ milliseconds\n`));
      await k.warns(
        'get cm a -v=8',
        /Request Headers:\n[^]*Accept: application\/json;as=Table;v=v1;g=meta\.k8s\.io[^]*Response Status: 200 OK[^]*\n[^]*Content-Type: application\/json\n[^]*"Response Body" body="\{\\"kind\\":\\"Table\\"/,
      );
      await k.says('get cm a -o name --disable-compression --tls-server-name=localhost', 'configmap/a');
      await k.refuses('get cm --none', /^(E|e)rror: unknown flag: --none\n/);
      assert.match(await k.inside(['sh', '-c', 'kubectl nothing 2>&1 || true']), /^[Ee]rror: unknown command "nothing" for "kubectl"/);
    },
    'completion, options, plugin list': async (k) => {
      for (const [shell, words] of [
        ['bash', /complete -o default -F __start_kubectl kubectl/],
        ['zsh', /^#compdef kubectl/],
        ['fish', /complete -c kubectl/],
        ['powershell', /Register-ArgumentCompleter/],
      ] as const)
        await k.says(`completion ${shell}`, words);
      await k.refuses('completion other', /^error: Unsupported shell type "other"\./);
      await k.says('__complete get configmaps a', /^a\n:4\n/);
      await k.says('__complete get deploym', /^deployments\.apps\n:4\n/);
      await k.says('options', /^The following options can be passed to any command:\n[^]*--as-group=[^]*--cache-dir=[^]*--request-timeout=/);
      await k.inside(['sh', '-c', `mkdir plugins && printf '#!/bin/sh\\necho plugged "$@"\\n' > plugins/kubectl-anger && chmod +x plugins/kubectl-anger`]);
      const path = { environment: { PATH: `${k.folder}/plugins:/usr/bin:/bin` } };
      await k.says('plugin list', new RegExp(`^The following compatible plugins are available:\n\n${k.folder}/plugins/kubectl-anger\n`), path);
      assert.equal(await k.inside(['env', `PATH=${k.folder}/plugins:/usr/bin:/bin`, 'kubectl', 'anger', 'b']), 'plugged b\n');
    },
    'top, where nothing is measured': async (k) => {
      await k.warns('top pods', `No resources found in ${k.namespace} namespace.`);
      await k.refuses('top pod none', `Error from server (NotFound): pods.metrics.k8s.io "${k.namespace}/none" not found`);
      await k.says('run waits --image=busybox');
      await k.refuses('top pods', 'error: metrics not available yet');
    },
  },
};
