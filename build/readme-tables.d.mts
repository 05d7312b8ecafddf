import type { CommandInfo } from '../shared/commands.ts';
import type { Hotkey } from '../shared/hotkeys.ts';

type KeyCapsOf = (hotkey: Hotkey, mac: boolean) => readonly string[];
type PointerActions = readonly (readonly [what: string, does: string])[];

export function withTables(
  readme: string,
  tables: {
    readonly commands: readonly CommandInfo[];
    readonly pointerActions: PointerActions;
    readonly keyCaps: KeyCapsOf;
  },
): string;
export function keyTable(
  commands: readonly Pick<CommandInfo, 'label' | 'hotkeys'>[],
  pointerActions: PointerActions,
  keyCaps: KeyCapsOf,
): string;

export function replaceBetween(text: string, name: string, table: string): string;
