import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecordedName } from '../../../electron/chain/backing-name.ts';
import { shownPath } from '../../../electron/chain/byte-path.ts';

const parse = (text: string) => parseRecordedName(Buffer.from(text));

describe('parseRecordedName', () => {
  it.each([
    ['base.qcow2', 'base.qcow2', 'plain'],
    ['../a/base.qcow2', '../a/base.qcow2', 'plain'],
    ['/abs/base', '/abs/base', 'plain'],
    ['./odd:name', './odd:name', 'plain'],
    ['/abs/nbd:name', '/abs/nbd:name', 'plain'],
    ['file:base.qcow2', 'base.qcow2', 'file:'],
    ['file:/abs/base', '/abs/base', 'file:'],
    ['file:nbd:host:1', 'nbd:host:1', 'file:'],
    ['host_device:/dev/vg/base', '/dev/vg/base', 'host_device:'],
    ['a,b\n-r --help', 'a,b\n-r --help', 'plain'],
    ['東京.qcow2', '東京.qcow2', 'plain'],
  ])('%j is a file', (text, path, form) => {
    const name = parse(text);
    expect(name).toMatchObject({ kind: 'file', form, format: '' });
    expect(name.kind === 'file' && shownPath(name.path)).toBe(path);
  });

  it.each([
    ['nbd:localhost:10809', 'nbd'],
    ['nbd+unix:///x?socket=/s', 'nbd+unix'],
    ['http://host/disk.qcow2', 'http'],
    ['ssh://host/disk', 'ssh'],
    ['fat:/etc', 'fat'],
    ['rbd:pool/image', 'rbd'],
    ['blkdebug::image', 'blkdebug'],
    [':x', ''],
  ])('%j is the protocol %s', (text, protocol) => {
    expect(parse(text)).toEqual({ kind: 'protocol', protocol });
  });

  it.each(['', 'a\0b', 'file:', 'json:', 'json:{', 'json:[]', 'json:"x"', 'json:{"driver":"file"}'])(
    '%j names nothing',
    text => {
      expect(parse(text).kind).toBe('invalid');
    },
  );

  it.each([
    ['json:{"driver":"qcow2","file":{"driver":"file","filename":"/b"}}', '/b', 'qcow2'],
    ['json:{"file.filename":"b","file.driver":"host_device","driver":"raw"}', 'b', 'raw'],
    ['json:{"driver":"file","filename":"b"}', 'b', ''],
    ['json:{"file":{"filename":"b"}}', 'b', ''],
    ["json:{'driver':'qcow2','file':{'driver':'file','filename':'a\"b\\'c'}}", 'a"b\'c', 'qcow2'],
    ['json:{"driver":"qcow2","file":{"filename":"it\\\'s"}}', "it's", 'qcow2'],
    ['json:{"driver":"qcow","read-only":true,"file":{"filename":"b","locking":"off"}}', 'b', 'qcow'],
    ['json:{"driver":"raw","cache":{"direct":true},"file.filename":"b","file.node-name":"n"}', 'b', 'raw'],
  ])('%s is a described file', (text, path, format) => {
    expect(parse(text)).toMatchObject({ kind: 'file', form: 'json:', path, format });
  });

  it.each([
    'json:{"driver":"nbd","host":"h"}',
    'json:{"driver":"qcow2","file":{"driver":"nbd","host":"h","port":"1"}}',
    'json:{"driver":"qcow2","file":{"driver":"https","url":"https://x"}}',
    'json:{"driver":"blkdebug","file":{"filename":"/b"}}',
    'json:{"driver":"null-co","size":1024}',
    'json:{"driver":{"filename":"/b"}}',
  ])('%s is never followed', text => {
    expect(parse(text).kind).toBe('protocol');
  });

  it.each([
    'json:{"driver":"raw","offset":512,"file":{"driver":"file","filename":"/b"}}',
    'json:{"driver":"qcow2","data-file":{"driver":"file","filename":"/etc/shadow"},"file":{"filename":"/b"}}',
    'json:{"driver":"qcow2","file":{"driver":"file","filename":"/b","pr-manager":"p"}}',
    'json:{"driver":"qcow2","backing":"x","file":{"filename":"/b"}}',
    'json:{"driver":"qcow2","backing":{"driver":"file"},"file":{"filename":"/b"}}',
  ])('%s says more than a file, or less', text => {
    expect(parse(text).kind).toBe('invalid');
  });

  it('reads what a description says to lie below its file, level by level', () => {
    const described = (name: string, more: object) => ({
      driver: 'qcow2',
      file: { filename: name },
      ...more,
    });
    const name = parse(
      `json:${JSON.stringify(described('2', { backing: described('1', { backing: null }) }))}`,
    );
    expect(name).toMatchObject({ path: '2', below: { path: '1', format: 'qcow2', below: null } });
    const remote = described('2', { backing: { driver: 'nbd', host: 'h' } });
    expect(parse(`json:${JSON.stringify(remote)}`)).toMatchObject({
      path: '2',
      below: { kind: 'protocol', protocol: 'nbd' },
    });
  });

  it('keeps bytes that are not UTF-8', () => {
    const name = parseRecordedName(Buffer.from([0x62, 0xff, 0x2e, 0xc3]));
    expect(name).toMatchObject({ kind: 'file', path: 'b\u00ff.\u00c3' });
  });

  it('has an answer for any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1023 }),
        fc.constantFrom('', 'json:', 'file:'),
        (bytes, before) => {
          const name = parseRecordedName(Buffer.concat([Buffer.from(before), bytes]));
          expect(['file', 'protocol', 'invalid']).toContain(name.kind);
        },
      ),
    );
    fc.assert(
      fc.property(fc.json(), text => {
        expect(['file', 'protocol', 'invalid']).toContain(parse(`json:${text}`).kind);
      }),
    );
  });
});
