import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Family } from './family.ts';
import { pod } from './manifests.ts';

const NOT_FOUND = 'Error from server (NotFound):';
const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { rack: 'one' } } });

/** What is done to Nodes and to requests for certificates: objects only, nothing runs. */
export const NODES: Family = {
  title: 'kubectl taint, cordon, uncordon, drain, certificate',
  prepare: (k) => k.has(node('n1'), node('n2')),
  cases: {
    taint: async (k) => {
      await k.says('taint node n1 a=b:NoSchedule', 'node/n1 tainted');
      await k.refuses('taint node n1 a=b:NoSchedule', 'error: node n1 already has a taint(s) with same effect(s) and --overwrite is false');
      await k.says('taint node n1 a=c:NoSchedule --overwrite', 'node/n1 modified');
      await k.says(`get node n1 -o 'jsonpath={.spec.taints[?(@.key=="a")]}'`, '{"effect":"NoSchedule","key":"a","value":"c"}');
      await k.says('taint node -l rack=one z:PreferNoSchedule', 'node/n1 tainted\nnode/n2 tainted');
      await k.says('taint node n1 a:NoSchedule-', 'node/n1 untainted');
      await k.refuses('taint node n1 a:NoSchedule-', 'error: taint "a:NoSchedule" not found');
      await k.refuses('taint node n1 a=b:Never', /^error: invalid taint effect: Never, unsupported taint effect\n/);
      await k.refuses('taint node none a=b:NoSchedule', `${NOT_FOUND} nodes "none" not found`);
    },
    'cordon and uncordon': async (k) => {
      await k.says('cordon n1', 'node/n1 cordoned');
      await k.says('cordon n1', 'node/n1 already cordoned');
      await k.says('get node n1 --no-headers', /^n1 +(NotReady|Unknown),SchedulingDisabled +<none> +\d+s /);
      await k.says('get nodes --field-selector spec.unschedulable=true -o name', 'node/n1');
      await k.says('uncordon n1', 'node/n1 uncordoned');
      await k.says('uncordon n1', 'node/n1 already uncordoned');
      await k.says('cordon -l rack=one --dry-run=server', 'node/n1 cordoned (server dry run)\nnode/n2 cordoned (server dry run)');
      await k.refuses('cordon none', `${NOT_FOUND} nodes "none" not found`);
    },
    'drain: evicts, and refuses what nobody would make anew': async (k) => {
      await k.has(pod('here', { nodeName: 'n2', terminationGracePeriodSeconds: 0 }));
      await k.refuses('drain n2', /cannot delete Pods that declare no controller \(use --force to override\): \S+\/here\n$/);
      const drained = k.says(
        'drain n2 --force --timeout=20s --grace-period=0',
        /^node\/n2 (already )?cordoned\nevicting pod \S+\/here\npod\/here evicted\nnode\/n2 drained\n$/,
      );
      await drained;
      await k.refuses('get pod here', `${NOT_FOUND} pods "here" not found`);
      await k.says('drain n2 --dry-run=server', 'node/n2 already cordoned (server dry run)\nnode/n2 drained (server dry run)');
      await k.refuses('drain none', `${NOT_FOUND} nodes "none" not found`);
    },
    'certificate approve and deny': async (k) => {
      for (const name of ['jane', 'joe']) {
        await k.inside([
          'openssl',
          'req',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-subj',
          `/O=dev/CN=${name}`,
          '-keyout',
          `${name}.key`,
          '-out',
          `${name}.csr`,
        ]);
        const spec = {
          request: Buffer.from(await k.read(`${name}.csr`)).toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client',
          usages: ['client auth'],
        };
        await k.has({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec });
      }
      await k.says('certificate approve jane', 'certificatesigningrequest.certificates.k8s.io/jane approved');
      await k.says('certificate deny joe', 'certificatesigningrequest.certificates.k8s.io/joe denied');
      await k.refuses('certificate approve none', `${NOT_FOUND} certificatesigningrequests.certificates.k8s.io "none" not found`);
      const signed = await eventually('the certificate', () => k.says('get csr jane -o jsonpath={.status.certificate}'));
      assert.match(Buffer.from(signed, 'base64').toString(), /^-----BEGIN CERTIFICATE-----\n/);
      await k.says(
        'get csr joe -o jsonpath={.status.conditions[*].type}/{.status.conditions[0].reason}/{.status.conditions[0].message}',
        'Denied/KubectlDeny/This CSR was denied by kubectl certificate deny.',
      );
      await k.says(
        'describe csr jane',
        /\nRequesting User: +kubernetes-admin\nSigner: +kubernetes\.io\/kube-apiserver-client\nStatus: +Approved,Issued\nSubject:\n +Common Name: +jane\n[^]*Organization: +dev\n/,
      );
    },
  },
};
