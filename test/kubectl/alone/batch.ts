import assert from 'node:assert/strict';
import type { Family } from './family.ts';

/** The generators of jobs, ingresses and disruption budgets, and what is seen of them. */
export const BATCH: Family = {
  title: 'kubectl create job, cronjob, ingress, poddisruptionbudget',
  cases: {
    'job: of an image, of a CronJob': async (k) => {
      await k.says('create job j --image=busybox -- sleep 1', 'job.batch/j created');
      const { spec } = (await k.object('get job j -o json')) as { spec: Record<string, unknown> };
      assert.deepEqual([spec.completions, spec.parallelism, spec.backoffLimit, spec.completionMode, spec.suspend], [1, 1, 6, 'NonIndexed', false]);
      await k.says('get job j', /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nj +\w+ +0\/1 +(\S+ +)?\d+s\n$/);
      await k.says(`create cronjob daily --image=busybox '--schedule=0 0 * * *' --restart=OnFailure -- date`, 'cronjob.batch/daily created');
      await k.says('get cronjob daily', 'NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE\ndaily 0 0 * * * <none> False 0 <none> <age>');
      await k.says('create job now --from=cronjob/daily', 'job.batch/now created');
      await k.says(
        'get job now -o jsonpath={.metadata.annotations}{.spec.template.spec.containers[0].command}',
        '{"cronjob.kubernetes.io/instantiate":"manual"}["date"]',
      );
      await k.says('describe job j', /^Name: +j\n[^]*\nParallelism: +1\nCompletions: +1\nCompletion Mode: +NonIndexed\nSuspend: +false\nBackoff Limit: +6\n/);
      await k.says(
        'describe cronjob daily',
        /^Name: +daily\n[^]*\nSchedule: +0 0 \* \* \*\nConcurrency Policy: +Allow\nSuspend: +False\nSuccessful Job History Limit: +3\nFailed Job History Limit: +1\n/,
      );
      await k.refuses(
        `create cronjob never '--schedule=61 * * * *' --image=busybox`,
        /^error: failed to create cronjob: CronJob\.batch "never" is invalid: spec\.schedule: Invalid value: "61 \* \* \* \*": /,
      );
    },
    ingress: async (k) => {
      await k.says(
        'create ingress i --rule=foo.example.com/bar=svc:80 --rule=foo.example.com/b*=svc:http,tls=cert --class=c --default-backend=svc:80',
        'ingress.networking.k8s.io/i created',
      );
      await k.says('get ingress i', 'NAME CLASS HOSTS ADDRESS PORTS AGE\ni c foo.example.com  80, 443 <age>');
      await k.says(
        'describe ingress i',
        /^Name: +i\n[^]*\nIngress Class: +c\nDefault backend: +svc:80 [^]*\nTLS:\n +cert terminates foo\.example\.com\nRules:\n[^]*\n +foo\.example\.com +\n +\/bar +svc:80 /,
      );
    },
    poddisruptionbudget: async (k) => {
      await k.says('create pdb least --selector=app=web --min-available=1', 'poddisruptionbudget.policy/least created');
      await k.says('create pdb most --selector=app=web --max-unavailable=25%', 'poddisruptionbudget.policy/most created');
      await k.says('get pdb', 'NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE\nleast 1 N/A 0 <age>\nmost N/A 25% 0 <age>');
      await k.says('describe pdb least', /^Name: +least\n[^]*\nMin available: +1\nSelector: +app=web\n/);
      await k.refuses('create pdb none --selector=app=web', 'error: one of min-available or max-unavailable must be specified');
    },
    'role bindings, priority classes, requests for certificates in columns': async (k) => {
      await k.says('create rolebinding rb --role=r --user=jane --group=g --serviceaccount=ns:acc');
      await k.says('get rolebinding rb', 'NAME ROLE AGE\nrb Role/r <age>');
      await k.says('get rolebinding rb -o wide', 'NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS\nrb Role/r <age> jane g ns/acc');
      await k.says('create priorityclass shown --value=7');
      await k.says('get pc shown', 'NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY\nshown 7 false <age> PreemptLowerPriority');
      await k.has({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'lr' }, spec: { limits: [{ type: 'Pod', max: { cpu: '4' } }] } });
      for (const one of ['clusterrole view', 'limitrange lr']) await k.says(`get ${one}`, /^NAME +CREATED AT\n\S+ +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
    },
    'quotas: only the scopes there are': async (k) => {
      await k.refuses(
        'create quota wrong --hard=pods=3 --scopes=Other',
        /^error: failed to create quota: ResourceQuota "wrong" is invalid: spec\.scopes: Invalid value: \["Other"\]: unsupported scope\n$/,
      );
      await k.says('create quota q --hard=pods=3');
      await k.says('get quota q', /^NAME +REQUEST +LIMIT +AGE\nq +pods: 0\/3 +\d+s\n$/);
    },
  },
};
