import { fits } from './patterns.ts';
import { type AccessRule, type AccessSettings, type Action, ACTIONS, type Actor, type Grant } from './types.ts';

/** Whether the actor may do that with the repository. */
export function mayDo(settings: AccessSettings, actor: Actor, repository: string, action: Action): boolean {
  // A token allows no more than its user may.
  if (!actionsOf(settings, actor.name, repository).includes(action)) return false;
  return actor.grants?.some(({ type, name, actions }) => type === 'repository' && name === repository && actions.includes(action)) ?? true;
}

/** What the rules allow a user, or nobody in particular. */
export function actionsOf({ anonymous, groups = {}, rules }: AccessSettings, user: string | undefined, repository: string): readonly Action[] {
  const everyone: readonly Action[] = anonymous === 'pull' ? ['pull'] : [];
  if (user === undefined) return everyone;
  if (rules === undefined) return ACTIONS;
  const isMeant = ({ users, groups: named }: AccessRule) =>
    (users === undefined && named === undefined) ||
    users?.includes(user) === true ||
    named?.some((group) => Object.hasOwn(groups, group) && groups[group]?.includes(user)) === true;
  const allowed = rules.filter((rule) => isMeant(rule) && (rule.repositories?.some((pattern) => fits(pattern, repository)) ?? true));
  return ACTIONS.filter((action) => everyone.includes(action) || allowed.some(({ actions }) => actions.includes(action)));
}

/** Whether the actor may see which repositories there are; of these it is shown those that it may pull. */
export function mayList(settings: AccessSettings, { name, grants }: Actor): boolean {
  if (grants !== undefined) return grants.some((grant) => grant.type === 'registry' && grant.name === 'catalog' && grant.actions.includes('*'));
  return name !== undefined || settings.anonymous === 'pull';
}

/** As much of what is asked for as the rules allow. */
export function granted(settings: AccessSettings, user: string | undefined, asked: readonly Grant[]): readonly Grant[] {
  return asked.flatMap(({ type, name, actions }): readonly Grant[] => {
    if (type === 'registry' && name === 'catalog') return mayList(settings, { name: user }) && actions.includes('*') ? [{ type, name, actions: ['*'] }] : [];
    if (type !== 'repository') return [];
    const allowed = actionsOf(settings, user, name).filter((action) => actions.includes(action) || actions.includes('*'));
    return allowed.length === 0 ? [] : [{ type, name, actions: allowed }];
  });
}

/** `repository:team/app:pull,push`, several separated by spaces (distribution's token scope). What has another form is left out: it grants nothing. */
export function parseScopes(texts: readonly string[]): readonly Grant[] {
  return texts
    .flatMap((text) => text.split(' '))
    .flatMap((text) => {
      // A repository's name may have a host with a port before it.
      const match = /^([a-z]+)(?:\([a-z]+\))?:(.+):([a-z,*]+)$/.exec(text);
      return match ? [{ type: match[1] ?? '', name: match[2] ?? '', actions: (match[3] ?? '').split(',') }] : [];
    });
}

/** As a scope is written in a challenge. */
export const scopeText = ({ type, name, actions }: Grant): string => `${type}:${name}:${actions.join(',')}`;
