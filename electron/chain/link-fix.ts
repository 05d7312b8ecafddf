/** The command that records a backing link as it should be. Nothing runs it. */
import { basename, dirname } from 'node:path';
import type { LinkFix } from '../../shared/model/layer.ts';
import { rebaseCommand } from '../../shared/text/shell.ts';
import { parseRecordedName } from './backing-name.ts';
import { type BytePath, isTextPath, shownPath, toBytePath } from './byte-path.ts';
import type { SingleLayer } from './open-layer.ts';

/**
 * What records the file at `path` with its format as the backing file of a layer: by its bare name where it lies beside
 * the image, so that both can be moved together. Undefined where the layer cannot record a format (version 1), where
 * none is known, where the layer has no header, or where a name is not UTF-8 and so cannot be copied as text.
 */
export function linkFix(layer: SingleLayer, path: BytePath, format: string): LinkFix | undefined {
  const { namedFolder, real } = layer.reached.referrer;
  const folder = dirname(path);
  const isBeside = folder === namedFolder || folder === real.path;
  return fixOf(layer, isBeside ? (basename(path) as BytePath) : path, format);
}

/** What records a format beside the name that a layer records; a name that is not plain becomes the path it leads to. */
export function formatFix(layer: SingleLayer, resolved: string, format: string): LinkFix | undefined {
  const name = layer.image?.backingFileBytes ?? new Uint8Array();
  const parsed = parseRecordedName(name);
  return parsed.kind === 'file' && parsed.form === 'plain'
    ? fixOf(layer, parsed.path, format)
    : linkFix(layer, toBytePath(resolved), format);
}

function fixOf(layer: SingleLayer, backing: BytePath, format: string): LinkFix | undefined {
  const { path } = layer.reached;
  if (layer.image?.inferred?.inference.lost === 'header') return undefined; // qemu-img opens no such image
  if (format === '' || layer.format !== 'qcow2' || !isTextPath(path) || !isTextPath(backing))
    return undefined;
  const name = shownPath(backing);
  return { backing: name, format, command: rebaseCommand(shownPath(path), name, format) };
}
