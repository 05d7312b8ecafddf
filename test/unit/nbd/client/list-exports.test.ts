import { afterEach, describe, expect, it } from 'vitest';
import { type ListExportsOptions, listExports } from '../../../../electron/nbd/client/list-exports.ts';
import { parseNbdUri } from '../../../../electron/nbd/uri.ts';
import { optionReply, serverData } from '../../../support/servers/nbd-messages.ts';
import {
  type FakeServer,
  type RunningFakeServer,
  startFakeServer,
} from '../../../support/servers/nbd-server.ts';

let server: RunningFakeServer | undefined;
afterEach(() => server?.close());

async function list(fake: FakeServer, exportName = '', options: ListExportsOptions = {}) {
  server = await startFakeServer(fake);
  return listExports(parseNbdUri(server.uri.replace('///', `///${exportName}`)), options);
}

const code = (name: string) => expect.objectContaining({ code: name });
const contexts = [{ id: 0, name: 'base:allocation', status: () => [] }];

describe('listExports', () => {
  it('gives names, descriptions, sizes, flags, block sizes, contexts and addresses', async () => {
    const exports = {
      '': { size: 512, flags: 3 },
      'a/b': {
        size: 2 ** 40,
        flags: 0x58f,
        blockSize: [1, 4096, 2 ** 25],
        description: 'tab\there',
        contexts,
      },
    } as const;
    expect(await list({ exports, extendedHeaders: true })).toEqual({
      listingRefused: false,
      encrypted: false,
      replies: 'extended',
      exports: [
        {
          name: '',
          description: '',
          uri: server?.uri,
          facts: { size: 512, flags: 3, blockSize: undefined, contexts: [] },
        },
        {
          name: 'a/b',
          description: 'tab?here',
          uri: server?.uri.replace('///', '///a/b'),
          facts: {
            size: 2 ** 40,
            flags: 0x58f,
            blockSize: { minimum: 1, preferred: 4096, maximum: 2 ** 25 },
            contexts: ['base:allocation'],
          },
        },
      ],
    });
    expect(server?.options.filter(option => option === 7)).toEqual([]); // nothing was opened
    while ((server?.open ?? 0) > 0) await new Promise(setImmediate);
  });

  it('lists the named export where listing is refused', async () => {
    const onOption: FakeServer['onOption'] = async (option, _, peer) => {
      if (option !== 3) return false;
      await peer.write(optionReply(3, 0x80000002, Buffer.from('not for you')));
      return true;
    };
    const { exports, listingRefused } = await list({ exports: { x: { size: 7 } }, onOption }, 'x');
    expect(listingRefused).toBe(true);
    expect(exports).toMatchObject([{ name: 'x', facts: { size: 7 } }]);
  });

  it('lists the exports of a server without structured replies', async () => {
    const { exports, replies } = await list({
      exports: { x: { size: 7, contexts } },
      structuredReplies: false,
    });
    expect([replies, exports[0]?.facts]).toMatchObject(['simple', { size: 7, contexts: [] }]);
  });

  it('keeps an export that cannot be described, with the reason', async () => {
    const onOption: FakeServer['onOption'] = async (option, _, peer) => {
      if (option !== 3) return false;
      const names = ['gone', 'x', 'x', 'large'].map(name => optionReply(3, 2, serverData(name)));
      await peer.write(...names, optionReply(3, 1));
      return true;
    };
    const { exports } = await list({ exports: { x: { size: 7 }, large: { size: 2n ** 63n } }, onOption });
    expect(exports).toMatchObject([
      { name: 'gone', error: { code: 'NBD_EXPORT_UNKNOWN' } },
      { name: 'x', facts: { size: 7 } },
      { name: 'large', error: { code: 'NBD_EXPORT_TOO_LARGE' } },
    ]);
  });

  it('goes on over a new connection when the server drops the old one', async () => {
    let asked = 0;
    const exports = Object.fromEntries(['a', 'b', 'c'].map((name, i) => [name, { size: i }]));
    const onOption: FakeServer['onOption'] = (option, _, peer) =>
      option === 6 && ++asked === 3 ? (peer.close() as never) : false;
    const found = await list({ exports, onOption });
    expect(found.exports.map(one => one.facts?.size)).toEqual([0, 1, 2]);
  });

  it('gives up on a server that drops every connection', async () => {
    const onOption: FakeServer['onOption'] = (option, _, peer) =>
      option === 6 ? (peer.close() as never) : false;
    await expect(list({ exports: { a: { size: 1 } }, onOption })).rejects.toThrow(code('NBD_LOST'));
  });

  it('keeps at most 64 contexts of an export', async () => {
    const many = Array.from({ length: 100 }, (_, id) => ({ id, name: `x:${id}`, status: () => [] }));
    const found = await list({ exports: { a: { size: 1, contexts: many } } });
    expect(found.exports[0]?.facts?.contexts).toEqual(many.slice(0, 64).map(({ name }) => name));
  });

  it('lists by name alone what there is no time to ask about', async () => {
    const exports = Object.fromEntries(['a', 'b', 'c'].map((name, i) => [name, { size: i }]));
    let asked = 0;
    const silentFromTheSecond: FakeServer['onOption'] = option =>
      option === 6 && ++asked > 1 ? new Promise(() => {}) : Promise.resolve(false);
    const found = await list({ exports, onOption: silentFromTheSecond }, '', { wholeTime: 500 });
    expect(found.exports.map(({ name, facts }) => [name, facts?.size])).toEqual([
      ['a', 0],
      ['b', undefined],
      ['c', undefined],
    ]);
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    const onOption: FakeServer['onOption'] = option => {
      if (option !== 6) return Promise.resolve(false);
      abort.abort();
      return new Promise(() => {});
    };
    const listing = list({ exports: { a: { size: 1 } }, onOption }, '', { signal: abort.signal });
    await expect(listing).rejects.toThrow(code('CANCELLED'));
  });

  it('describes at most 256 exports', async () => {
    const exports = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`disk ${i}`, { size: i }]));
    const found = await list({ exports });
    expect(found.exports).toHaveLength(300);
    expect(found.exports.filter(one => one.facts !== undefined)).toHaveLength(256);
  });
});
