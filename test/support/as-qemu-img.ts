/** The map of a chain as qemu-img prints it, by qemu-img and by our reader. */
import { mapWithoutHostHoles } from './host-holes.ts';
import { listed, withChain } from './session.ts';
import { qemuImg } from './tools.ts';

/** Both maps of the chain below `top`, qemu's guess from host holes undone. */
export async function mapsOf(top: string): Promise<{ readonly ours: unknown; readonly theirs: unknown }> {
  const theirs = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', top)));
  const ours = await withChain([top], { witness: 'metadata' }, session =>
    listed(session, { spec: { list: 'qemu-img' }, layer: undefined }),
  );
  return { ours, theirs };
}
