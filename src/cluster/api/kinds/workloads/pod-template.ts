import { defaultPodTemplate } from '../../defaults/pod-template.ts';
import type { V1PodTemplate } from '../../generated/types.ts';
import { column, labelsText, nameColumn } from '../../table/column.ts';
import { checkPodTemplate } from '../../validation/pod-template.ts';
import { sameContent } from '../../validation/same.ts';
import { strategy } from '../strategy.ts';
import { containerColumns } from './columns.ts';
import { templateWarnings } from './warnings/pod-spec.ts';

export const POD_TEMPLATE = strategy<V1PodTemplate>({
  counted: (now, old) => !sameContent(now.template, old.template),
  setDefaults: (one) => void defaultPodTemplate(one),
  validate: (errors, { template }) => checkPodTemplate(errors, 'template', template),
  warnings: ({ template }, old) => (old !== undefined && sameContent(template, old.template) ? [] : templateWarnings('template', template)),
  columns: [
    nameColumn,
    ...containerColumns<V1PodTemplate>(({ template }) => template?.spec, 0),
    column<V1PodTemplate>('Pod Labels', ({ template }) => labelsText(template?.metadata?.labels)),
  ],
});
