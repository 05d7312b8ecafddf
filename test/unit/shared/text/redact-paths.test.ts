import { expect, it } from 'vitest';
import { pathRedactor, redactPaths, redactTexts } from '../../../../shared/text/redact-paths.ts';
import { shellCommand } from '../../../../shared/text/shell.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';

const redact = pathRedactor(['/srv/my images/base.qcow2', '/a.qcow2']);

it('leaves the last component of known and of other absolute paths', () => {
  expect(redact('/srv/my images/base.qcow2 and /var/lib/x.img')).toBe('\u2026/base.qcow2 and \u2026/x.img');
  expect(redact('json:{"filename":"/var/lib/x.img"}')).toBe('json:{"filename":"\u2026/x.img"}');
  expect(redact('beside ../b.qcow2, 1/2 of it, nbd://host/export')).toBe(
    'beside ../b.qcow2, 1/2 of it, nbd://host/export',
  );
});

it('leaves nothing of a folder that is named itself, and does not take a longer name for it', () => {
  expect(redact('looked for in "/srv/my images" alone')).toBe('looked for in "\u2026" alone');
  expect(redact('/srv/my images')).toBe('\u2026');
  expect(redact('/srv/my imagesX/a')).toBe('\u2026/my imagesX/a');
  expect(redact('/srv/my images/below/it/a.img')).toBe('\u2026/a.img');
});

it('reaches every text of plain data and changes nothing else', () => {
  const value = { a: [1, null, true, '/srv/x/y'], b: { c: '/srv/x/y', d: undefined } };
  expect(redactTexts(value, redact)).toEqual({ a: [1, null, true, '\u2026/y'], b: { c: '\u2026/y' } });
});

it('leaves out the folders of relative names, of quoted paths and of addresses', () => {
  expect(redact('no such file ../acme/it/base.qcow2')).toBe('no such file \u2026/base.qcow2');
  expect(redact('rests on "/mnt/acme corp/a b.img", and on it')).toBe('rests on "\u2026/a b.img", and on it');
  expect(redact('"/srv/my images/acme corp/a.img"')).toBe('"\u2026/a.img"');
  expect(redact('json:{"file":{"filename":"../acme corp/a.img"}}')).toBe(
    'json:{"file":{"filename":"\u2026/a.img"}}',
  );
  expect(redact('ssh://host/srv/acme/a.img')).toBe('ssh://host/\u2026/a.img');
  expect(redact('file:///srv/acme/a.img')).toBe('file:///\u2026/a.img');
  expect(redact('nbd+unix:///disk?socket=/run/acme/x.sock')).toBe('nbd+unix:///disk?socket=\u2026/x.sock');
});

it.each([
  ['with spaces', '/srv/acme corp/images'],
  ['with quotes', '/srv/it\'s "acme"/images'],
  ['with a comma and a backslash', '/srv/acme,\\corp/images'],
  ['with control characters', '/srv/acme\u0007 corp\u202e/images'],
  ['of another script', '/srv/ acme диск/images'],
  ['beginning with a dash', '/srv/ -acme/images'],
  ['longer than messages show', `/srv/ acme ${'x'.repeat(300)}/images`],
])('finds a folder %s in every form in which the program writes it', (_name, folder) => {
  const path = `${folder}/it's a disk.qcow2`;
  const texts = [
    path,
    `the file ${escapeUntrusted(path)} is missing`,
    `the file ${escapeUntrusted(path, 4096)} is missing`,
    `what rests on ${JSON.stringify(path)} and ${JSON.stringify(folder)}`,
    shellCommand(['qemu-img', 'commit', path, `file.filename=${path.replaceAll(',', ',,')}`]),
  ];
  const shown = redactPaths({ layers: [{ path }], texts });
  expect(JSON.stringify(shown)).not.toContain('acme');
  expect(JSON.stringify(shown)).not.toContain('images');
  expect(shown.layers).toEqual([{ path: "\u2026/it's a disk.qcow2" }]);
});

it('finds recorded names and other images by the keys of the data, and a word that is a folder stays a word', () => {
  const shown = redactPaths({
    backing: { recorded: 'images/base.qcow2', resolved: '' },
    evidence: [
      { source: 'backing name', value: 'acme corp/mid.qcow2', bits: '' },
      { source: 'image', value: '/mnt/acme two/child.qcow2', bits: '' },
    ],
    what: 'other images: images/base.qcow2, acme corp/mid.qcow2, /mnt/acme two/child.qcow2',
  });
  expect(shown.what).toBe('other images: \u2026/base.qcow2, \u2026/mid.qcow2, \u2026/child.qcow2');
  expect(shown.backing.recorded).toBe('\u2026/base.qcow2');
  expect(JSON.stringify(shown)).not.toContain('acme');
});
