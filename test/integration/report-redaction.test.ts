/** A report without folders, of chains and stores in folders that are hard to tell from other text. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import { gatherReport } from '../../electron/service/report/gather-report.ts';
import { reportPieces } from '../../electron/service/report/write-report.ts';
import { REPORT_FORMATS, type ReportFormat } from '../../shared/model/report/report-request.ts';
import { goldenChain } from '../support/images/chains.ts';
import { chooseBuiltWorker } from '../support/session.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const CONSENT = { allow: [], allowAll: false };

beforeAll(chooseBuiltWorker);

async function overlay(path: string, backing: string, format = 'qcow2'): Promise<void> {
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', format, '-b', backing, path, '4M');
}

it('names no folder of the chain, of other images, or of a store, in any form', async () => {
  const own = join(folder, `it's acme, "corp" — диск`);
  const store = join(folder, 'another acme', 'secret place');
  await mkdir(own);
  await mkdir(store, { recursive: true });
  const [base = '', mid = '', top = ''] = await goldenChain(own);
  await overlay(join(store, 'child.qcow2'), base);
  await overlay(join(store, 'sister.qcow2'), mid);
  const target = { kind: 'files', files: [top] } as const;
  const request = {
    operation: 'commit',
    job: 'qemu-img',
    into: '0',
    stores: [join(folder, 'another acme')],
  } as const;
  const plan = await planTarget(target, CONSENT, request);
  expect(JSON.stringify(plan.hazards)).toContain('child.qcow2');
  const planned = { plan, stores: request.stores };
  const gathered = await gatherReport(target, CONSENT, { showPaths: false, allowLocalFiles: false, planned });
  for (const format of REPORT_FORMATS) {
    const text = [...reportPieces(gathered, format)].join('');
    for (const hidden of ['acme', 'corp', 'диск', 'secret', folder])
      expect(text, format).not.toContain(hidden);
    if (format !== 'svg') for (const name of ['base.qcow2', 'child.qcow2']) expect(text).toContain(name);
  }
});

it.each([
  ['relative', '../acme corp/gone.qcow2', '\u2026/gone.qcow2'],
  ['absolute', '/srv/acme corp/gone.qcow2', '\u2026/gone.qcow2'],
  ['json', `json:{"driver":"qcow2","file":{"driver":"file","filename":"/srv/acme corp/gone.qcow2"}}`, 'gone'],
  ['protocol', 'ssh://host/srv/acme/gone.qcow2', 'ssh://host/\u2026/gone.qcow2'],
  ['file', 'file:///srv/acme/gone.qcow2', 'gone.qcow2'],
])('says which backing file is not there, without its folder: %s', async (name, recorded, shown) => {
  const path = join(folder, `${name}.qcow2`);
  await overlay(path, recorded);
  const report = async (showPaths: boolean, format: ReportFormat) => {
    const target = { kind: 'files', files: [path] } as const;
    const gathered = await gatherReport(target, CONSENT, { showPaths, allowLocalFiles: false });
    return [...reportPieces(gathered, format)].join('');
  };
  const texts = [await report(false, 'json'), await report(false, 'html')];
  for (const text of texts) {
    expect(text).toContain('gone.qcow2');
    expect(text).not.toContain('acme');
  }
  const document = JSON.parse(texts[0] ?? '');
  expect(document.unread).toEqual([expect.stringContaining(`${name}.qcow2: its backing file `)]);
  expect(document.layers[0].backing.recorded).toContain(shown);
  const whole = JSON.parse(await report(true, 'json'));
  expect(whole.layers[0].backing.recorded).toBe(recorded);
});
