/** `cowscope map`: the merged map of a chain in our own form or in that of qemu-img and nbdinfo. */
import type { OpenTarget } from '../../../shared/model/target.ts';
import { BASE_ALLOCATION } from '../../../shared/nbd-contexts.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { MapOptions } from '../map-chain.ts';
import { printErrorRecord, writeText } from '../output.ts';

/** Carries out `cowscope map`. */
export async function mapCommand(targetArgs: readonly string[], options: MapOptions): Promise<ExitCode> {
  const target = targetOf(targetArgs, options);
  checkOptions(target, options);
  if (target.kind === 'nbd' && options.as === 'nbdinfo') {
    const listing = { contexts: contextNames(options), totals: options.totals };
    const { streamNbdContexts } = await import('../../service/nbd/nbd-contexts.ts'); // not loaded for files
    const missing = await streamNbdContexts(target.uri, listing, writeText);
    for (const record of missing) printErrorRecord(record);
    return missing.length > 0 ? EXIT.partial : EXIT.done;
  }
  const { mapChain } = await import('../map-chain.ts'); // not loaded for the contexts of an address
  return mapChain(target, { ...options, context: contextNames(options) });
}

function checkOptions(target: OpenTarget, options: MapOptions): void {
  const { as, context, layer, output, snapshot, totals, witness } = options;
  if (context.length > 0 && as !== 'nbdinfo')
    throw usageError('--context belongs to --as nbdinfo', 'add --as nbdinfo');
  if (options.qemuVersion !== undefined && as !== 'qemu-img')
    throw usageError('--qemu-version belongs to --as qemu-img', 'add --as qemu-img');
  if (options.hostOffsets) checkHostOffsets(target, options);
  if (target.kind === 'nbd') {
    if (as === 'qemu-img')
      throw usageError(
        'an NBD export has no host offsets, so it cannot be printed as qemu-img does',
        'use --as nbdinfo',
      );
    if (layer !== undefined)
      throw usageError('an NBD export shows its layers by depth, not alone', 'leave --layer out');
  }
  if (output === 'csv' && (as !== undefined || totals))
    throw usageError('--output csv is about the rows of the map', 'leave --as and --totals out');
  if (as === 'qemu-img' && totals)
    throw usageError('qemu-img map has no totals', 'leave --totals or --as qemu-img out');
  if (as === 'qemu-img' && witness === 'nbd')
    throw usageError(
      'qemu-img map shows host offsets, which only the image’s own tables tell',
      'leave --witness nbd out',
    );
  if (snapshot !== undefined && witness !== 'metadata')
    throw usageError('internal snapshots are read from the image’s own tables only', 'leave --witness out');
}

function checkHostOffsets(target: OpenTarget, { as, totals, witness }: MapOptions): void {
  if (as !== undefined || totals)
    throw usageError('--host-offsets is about the rows of the map', 'leave --as and --totals out');
  if (target.kind === 'nbd' || witness === 'nbd')
    throw usageError(
      'only the image’s own tables have host offsets',
      'name the image file, without --witness nbd',
    );
}

function contextNames(options: MapOptions): string[] {
  return options.context.length === 0 ? [BASE_ALLOCATION] : [...new Set(options.context)];
}
