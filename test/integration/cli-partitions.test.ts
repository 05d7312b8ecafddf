/** `cowscope partitions` and `cowscope check --partitions` as a program. */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { EFI, GuestBytes } from '../support/guest/guest-tables.ts';
import { pokeU64 } from '../support/images/qcow2-builder.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { buildImage } from '../support/qcow2-reading.ts';
import { startQemu } from '../support/servers/nbd-server-process.ts';
import { hashFile, qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const MIB = 2 ** 20;
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const schemaOf = async (name: string) =>
  JSON.parse(await readFile(new URL(`../../docs/formats/${name}.schema.json`, import.meta.url), 'utf8'));

/** A name that steers a terminal. */
const HOSTILE = 'a\x1b[31mred\x07\u202e';

function guest(): GuestBytes {
  return new GuestBytes(8 * MIB)
    .gpt([
      { first: 2048, last: 4095, type: EFI, name: HOSTILE },
      { first: 4096, last: 12_287, name: 'root' },
    ])
    .ext4(2 * MIB, { label: HOSTILE.slice(0, 12), blocks: 4096 });
}

beforeAll(async () => {
  writeFileSync(at('disk.raw'), guest().bytes);
  await qemuImg('convert', '-q', '-O', 'qcow2', at('disk.raw'), at('base.qcow2'));
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', at('top.qcow2'));
  await qemuIo(at('top.qcow2'), 'write -P1 3M 64k');
  writeFileSync(at('bad.raw'), guest().put(512 + 16, Uint8Array.of(1, 2, 3, 4)).bytes);
  await qemuImg('convert', '-q', '-O', 'qcow2', at('bad.raw'), at('bad.qcow2'));
});

describe('cowscope partitions', () => {
  it('reads an NBD export of a server that lets in one client at a time', async () => {
    const server = await startQemu(['-e', '1', '-f', 'qcow2', at('top.qcow2')]);
    try {
      const { partitions } = await cowscopeJson(['partitions', '--output', 'json', server.uri()]);
      expect(partitions).toHaveLength(2);
    } finally {
      await server.kill();
    }
  });

  it('prints one document, which fits its schema', async () => {
    const before = await hashFile(at('top.qcow2'));
    const document = await cowscopeJson(['partitions', '--output', 'json', at('top.qcow2')]);
    expect(schemaErrors(await schemaOf('partitions'), document)).toEqual([]);
    expect(document).toMatchObject({
      filename: at('top.qcow2'),
      scheme: 'gpt',
      sectorSize: 512,
      partitions: [
        { number: 1, start: MIB, length: MIB, typeName: 'EFI system', name: HOSTILE },
        { number: 2, start: 2 * MIB, length: 4 * MIB, content: { type: 'ext4', size: 4 * MIB } },
      ],
      gaps: [
        [0, MIB],
        [6 * MIB, 2 * MIB],
      ],
      findings: [],
    });
    expect(await hashFile(at('top.qcow2'))).toBe(before);
  });

  it('prints names of the guest without what steers a terminal', async () => {
    const { stdout, code } = await cowscope(['partitions', at('top.qcow2')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^disk of 8 MiB: GPT, sectors of 512 bytes, id 11223344-/);
    expect(stdout).toContain('    2  0x0020_0000  4 MiB        ext4 "a');
    expect(stdout).not.toMatch(/[^\n\x20-\x7e]/);
  });

  it('says what could not be read and ends with 3', async () => {
    await qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-u',
      '-b',
      'gone.qcow2',
      '-F',
      'qcow2',
      at('alone.qcow2'),
      '8M',
    );
    const result = await cowscope(['partitions', at('alone.qcow2')]);
    expect([result.code, codesOf(result)]).toEqual([3, ['CHAIN_FILE_MISSING']]);
    expect(result.stdout).toContain('the first sector could not be read');
    expect(result.stdout).toContain('note GUEST_NOT_READ');
  });

  it('refuses a snapshot that is not there', async () => {
    const result = await cowscope(['partitions', '--snapshot', 'none', at('top.qcow2')]);
    expect([result.code, codesOf(result)]).toEqual([1, ['QCOW2_SNAPSHOT_UNKNOWN']]);
  });
});

describe('cowscope check --partitions', () => {
  it('says in which partition a finding lies, and keeps the verdict', async () => {
    const index = [48, 49, 112]; // clusters of 64 KiB at 3 MiB, 3 MiB + 64 KiB and 7 MiB
    const bytes = guest().bytes;
    const image = buildImage({
      size: bytes.length,
      clusters: [0, 16, 32, ...index, 127].map(i => ({
        index: i,
        kind: 'data' as const,
        content: bytes.subarray(i * 65_536, (i + 1) * 65_536),
      })),
    });
    for (const i of index)
      pokeU64(
        image.source.fd,
        (image.l2Offsets.get(0) as number) + i * 8,
        (1n << 63n) | (0x10_0000_0000n + BigInt(i) * 65_536n),
      );
    const document = await cowscopeJson(['check', '--partitions', '--output', 'json', image.path], 2);
    expect(schemaErrors(await schemaOf('check'), document)).toEqual([]);
    const lost = document.findings.find(({ code }: { code: string }) => code === 'QCOW2_PAST_END');
    expect(lost.partitions).toEqual([
      { partition: 2, bytes: 131_072, clusters: 2 },
      { partition: null, bytes: 65_536, clusters: 1 },
    ]);
    const { stdout } = await cowscope(['check', '--partitions', image.path]);
    expect(stdout).toContain(': in partition 2 (ext4), 2 clusters; in no partition, 1 cluster');
    const without = await cowscopeJson(['check', '--output', 'json', image.path], 2);
    expect(document.verdict).toBe(without.verdict);
    expect([without.guest, without.findings[0].partitions]).toEqual([undefined, undefined]);
  });

  it('of a whole image with a damaged table stays clean and notes the table', async () => {
    const document = await cowscopeJson(['check', '--partitions', '--output', 'json', at('bad.qcow2')]);
    expect(document.verdict).toBe('clean');
    expect(document.findings.map(({ code }: { code: string }) => code)).toEqual(['GUEST_GPT_HEADER_DAMAGED']);
  });
});

describe('cowscope report --partitions', () => {
  it('lists the partitions in a document of its schema and in the page, and leaves them out unasked', async () => {
    const document = await cowscopeJson(['report', '--partitions', '--output', 'json', at('bad.qcow2')]);
    expect(schemaErrors(await schemaOf('report'), document)).toEqual([]);
    expect(document.guest.partitions).toMatchObject([{ number: 1, name: HOSTILE }, { number: 2 }]);
    expect(document.findings).toMatchObject([
      { code: 'GUEST_GPT_HEADER_DAMAGED', partitions: [{ partition: null }] },
    ]);
    const { stdout } = await cowscope(['report', '--partitions', at('bad.qcow2')]);
    expect(stdout).toContain('<h2>Partitions of the guest</h2>');
    expect(stdout).toContain('\\u001b[31mred');
    expect(['\x1b', '\x07', '\u202e'].filter(character => stdout.includes(character))).toEqual([]);
    const without = await cowscopeJson(['report', '--output', 'json', at('bad.qcow2')]);
    expect([without.guest, without.findings]).toEqual([undefined, []]);
  });
});
