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

/** What tells which files an image consists of. */
type CheckedFiles = Pick<LayerInfo, 'path' | 'format' | 'dataFile'>;

/**
 * Keeps the evidence in a copy, with that of an external data file beside it, and has qemu-img check the copies alone.
 * None for what is no qcow2 file.
 */
export function checkCommands({ path, format, dataFile }: CheckedFiles): LabeledCommand[] {
  if (format !== 'qcow2') return [];
  const data = dataFile?.status === 'opened' ? dataFile.resolved : undefined;
  // Opens the copies alone, and none of the files that they name.
  const alone = {
    driver: format,
    backing: null,
    file: fileNode(copyOf(path)),
    ...(data === undefined ? {} : { 'data-file': fileNode(copyOf(data)) }),
  };
  return [
    { label: 'to keep the evidence', command: copyCommand(path) },
    ...(data === undefined ? [] : [{ label: 'to keep its data file', command: copyCommand(data) }]),
    {
      label: 'to compare with qemu-img',
      command: shellCommand(['qemu-img', 'check', `json:${JSON.stringify(alone)}`]),
    },
  ];
}

function copyOf(path: string): string {
  return `${path}.copy`;
}

function copyCommand(path: string): string {
  return shellCommand(['cp', '--sparse=always', '--no-clobber', '--', path, copyOf(path)]);
}

function fileNode(filename: string) {
  return { driver: 'file', filename };
}

/** Those of an image, and what shows the places of one finding in it. */
export function findingCommands(
  { evidence, host }: Pick<Finding, 'evidence' | 'host'>,
  layer: CheckedFiles,
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
