import { expect, test } from 'vitest';
import { ConsentGuard } from '../../../../electron/shell/ipc/consent-guard.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import { MAX_ALLOWED_PATHS } from '../../../../shared/ipc/schemas.ts';
import type { BackingLink, ChainInfo, LayerInfo } from '../../../../shared/model/layer.ts';
import { layerInfo } from '../../../support/window/fake-chain.ts';

const link = (resolved: string, status: BackingLink['status'], recorded = '../base'): BackingLink => ({
  recorded,
  recordedFormat: 'qcow2',
  resolved,
  status,
});

function chainOf(...layers: Partial<LayerInfo>[]): ChainInfo {
  return {
    layers: layers.map((more, index) => layerInfo(index, `${index}.qcow2`, 65_536, more)),
    size: 65_536,
    complete: false,
    notes: [],
    findings: [],
  };
}

/** The first path that a guard refuses; undefined where it lets all through. */
function refused(guard: ConsentGuard, allow: readonly string[], allowAll = false): string | undefined {
  try {
    guard.check({ allow, allowAll });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'IPC_NOT_ASKED' });
    return (error as CowscopeError).subject;
  }
}

const failure = (code: string) => new CowscopeError({ code, what: '', subject: '/etc/psk', advice: '' });

test('a guard that has asked about nothing lets no consent through but an empty one', () => {
  const guard = new ConsentGuard();
  expect(refused(guard, [])).toBeUndefined();
  expect(refused(guard, ['/a'])).toBe('/a');
  expect(refused(guard, [], true)).toBe('every file');
});

test('a guard lets through the backing and data files that need consent, and no others', () => {
  const guard = new ConsentGuard();
  guard.note(
    chainOf(
      { backing: link('/far/base', 'needsConsent'), dataFile: link('/far/data', 'needsConsent') },
      { backing: link('/own/opened', 'opened') },
      { backing: link('/far/missing', 'missing') },
      { backing: link('', 'needsConsent', 'ssh://host/base') },
    ),
  );
  expect(refused(guard, ['/far/base', '/far/data', 'ssh://host/base'])).toBeUndefined();
  for (const path of ['/own/opened', '/far/missing', '../base', ''])
    expect(refused(guard, ['/far/base', path])).toBe(path);
  expect(refused(guard, ['/far/base'], true)).toBe('every file');
});

test('a guard lets through the local file that an address of NBD names, once it was refused for that', () => {
  const guard = new ConsentGuard();
  guard.noteFailure(failure('CHAIN_FILE_MISSING'));
  guard.noteFailure(new Error('/etc/psk'));
  expect(refused(guard, ['/etc/psk'])).toBe('/etc/psk');
  guard.noteFailure(failure('NBD_URI_LOCAL_FILE'));
  expect(refused(guard, ['/etc/psk'])).toBeUndefined();
});

test('a guard forgets what was asked about longest ago', () => {
  const guard = new ConsentGuard();
  const ask = (path: string) => guard.note(chainOf({ backing: link(path, 'needsConsent') }));
  for (let i = 0; i < MAX_ALLOWED_PATHS; i++) ask(`/${i}`);
  ask('/0'); // asked about again
  ask('/new');
  expect(refused(guard, ['/0', '/2', '/new', `/${MAX_ALLOWED_PATHS - 1}`])).toBeUndefined();
  expect(refused(guard, ['/1'])).toBe('/1');
});
