import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWriteOptions } from './write-options.ts';

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

test('what a write may say beside its object', () => {
  const fine = (call: Parameters<typeof checkWriteOptions>[0]) => assert.doesNotThrow(() => checkWriteOptions(call));
  fine({ verb: 'create', query: { fieldValidation: '', dryRun: 'All', fieldManager: 'Größe 1' } });
  fine({ verb: 'patch', contentType: APPLY, query: { fieldManager: 'me', force: 'true' } });
  fine({ verb: 'list', query: { dryRun: 'what' } });
  const refused = (call: Parameters<typeof checkWriteOptions>[0], message: string) => assert.throws(() => checkWriteOptions(call), { message, status: 422 });
  refused(
    { verb: 'patch', contentType: APPLY, query: {} },
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  refused(
    { verb: 'patch', contentType: MERGE, query: { force: 'false' } },
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  );
  refused(
    { verb: 'update', query: { fieldManager: 'a\nb' } },
    'UpdateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1)',
  );
  refused(
    { verb: 'create', query: { fieldManager: 'a'.repeat(129) } },
    'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
  );
  refused(
    { verb: 'create', query: { dryRun: 'Some', fieldValidation: 'Loose' } },
    'CreateOptions.meta.k8s.io "" is invalid: [dryRun: Unsupported value: ["Some"]: supported values: "All", fieldValidation: Unsupported value: "Loose": supported values: "", "Ignore", "Strict", "Warn"]',
  );
});
