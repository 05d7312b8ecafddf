/** Commands to copy into a shell about an image that may be damaged. None of them writes to a file that exists. */
import type { Finding } from '../model/finding.ts';
import type { LayerInfo } from '../model/layer.ts';
import { shellCommand } from './shell.ts';

/** Bytes that are printed of a value in the file: an entry of a table, and what stands around it. */
const PRINTED_BYTES = 64;

/** One command, and what it is for. */
export interface LabeledCommand {
  readonly label: string;
  readonly command: string;
}

/** Keeps the evidence in a copy, and has qemu-img check the copy alone. None for what is no qcow2 file. */
export function checkCommands({ path, format }: Pick<LayerInfo, 'path' | 'format'>): LabeledCommand[] {
  if (format !== 'qcow2') return [];
  const copy = `${path}.copy`;
  // Opens the copy alone, and none of the files that it names.
  const alone = { driver: format, backing: null, file: { driver: 'file', filename: copy } };
  return [
    {
      label: 'to keep the evidence',
      command: shellCommand(['cp', '--sparse=always', '--no-clobber', '--', path, copy]),
    },
    {
      label: 'to compare with qemu-img',
      command: shellCommand(['qemu-img', 'check', `json:${JSON.stringify(alone)}`]),
    },
  ];
}

/** Those of an image, and what shows the places of one finding in it. */
export function findingCommands(
  { evidence, host }: Pick<Finding, 'evidence' | 'host'>,
  layer: Pick<LayerInfo, 'path' | 'format'>,
): LabeledCommand[] {
  const commands = checkCommands(layer);
  if (layer.format !== 'qcow2') return commands;
  const [place] = host;
  if (place !== undefined)
    commands.push({
      label: 'to list who refers to the cluster',
      command: shellCommand(['cowscope', 'layout', `--owner=${hex(place[0])}`, '--', layer.path]),
    });
  const at = evidence.find(({ fileOffset }) => fileOffset !== undefined)?.fileOffset;
  if (at !== undefined)
    commands.push({
      label: 'to print the bytes of the evidence',
      command: shellCommand([
        'od',
        '-A',
        'x',
        '-t',
        'x1',
        '-j',
        hex(at),
        '-N',
        String(PRINTED_BYTES),
        '--',
        layer.path,
      ]),
    });
  return commands;
}

function hex(offset: number): string {
  return `0x${offset.toString(16)}`;
}
