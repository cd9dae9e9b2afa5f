import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRows, createErrors, golden, set } from '../testkit/rules.ts';
import { flowControlObjects } from './flow-bootstrap.ts';

test('what every cluster starts with breaks no rule, and what is fixed of it stays', () => {
  const objects = flowControlObjects();
  assert.equal(objects.length, 19);
  for (const object of objects) assert.deepEqual(createErrors(object), [], object.metadata.name);
  const catchAll = objects.find(({ kind, metadata }) => kind === 'FlowSchema' && metadata.name === 'catch-all');
  assert.ok(catchAll);
  assert.match(createErrors(set(catchAll, 'spec.matchingPrecedence', 7))[0] ?? '', /^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/);
  const exempt = objects.find(({ kind, metadata }) => kind === 'PriorityLevelConfiguration' && metadata.name === 'exempt');
  assert.ok(exempt);
  assert.deepEqual(createErrors(set(exempt, 'spec.exempt.nominalConcurrencyShares', 7)), []);
});

test('flow schemas and priority levels', () => {
  checkRows(golden('flowcontrol.apiserver.k8s.io/v1 FlowSchema'), [
    ['spec.matchingPrecedence', 1, "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    ['spec.priorityLevelConfiguration', {}, 'spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
    ['spec.rules.0.subjects.0.user', undefined, "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'"],
    ['spec.rules.0.subjects.0.group', { name: 'g' }, "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'"],
    ['spec.rules.0.resourceRules.0.verbs', ['fly'], 'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["fly"]: supported values: "create", "delete"…'],
    [
      'spec.rules.0.nonResourceRules.0.nonResourceURLs',
      ['/a*'],
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching',
    ],
  ]);
  checkRows(golden('flowcontrol.apiserver.k8s.io/v1 PriorityLevelConfiguration'), [
    ['spec.type', 'Exempt', "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"],
    ['spec.limited', undefined, 'spec.limited: Required value: must not be empty when type is Limited'],
    [
      'spec.limited.limitResponse.queuing.handSize',
      65,
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 65: should not be greater than queues (64)',
    ],
    [
      'spec.limited.limitResponse.queuing.handSize',
      20,
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 20: required entropy bits of deckSize 64 and handSize 20 should not be greater than 60',
    ],
    ['spec.limited.lendablePercent', 101, 'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive'],
  ]);
});
