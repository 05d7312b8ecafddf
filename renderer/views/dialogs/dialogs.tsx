import { assertNever } from '../../../shared/assert.ts';
import { useStore } from '../../state/store.ts';
import { CaptureDialog } from './capture-dialog.tsx';
import { CommandPalette } from './command-palette.tsx';
import { ConnectDialog } from './connect-dialog.tsx';
import { ContextMenu } from './context-menu.tsx';
import { KeySheet } from './key-sheet.tsx';
import { MeaningsDialog } from './meanings-dialog.tsx';
import { OrderLayersDialog } from './order-layers-dialog.tsx';
import { PartitionsDialog } from './partitions-dialog.tsx';
import { ReportDialog } from './report-dialog.tsx';
import { SnapshotsDialog } from './snapshots-dialog.tsx';

/** The dialog that is open, if any. */
export function Dialogs() {
  const dialog = useStore(state => state.dialog);
  if (dialog === undefined) return null;
  switch (dialog.kind) {
    case 'connect':
      return <ConnectDialog uri={dialog.uri} />;
    case 'orderLayers':
      return <OrderLayersDialog files={dialog.files} />;
    case 'snapshots':
      return <SnapshotsDialog />;
    case 'capture':
      return <CaptureDialog />;
    case 'report':
      return <ReportDialog />;
    case 'partitions':
      return <PartitionsDialog />;
    case 'menu':
      return <ContextMenu x={dialog.x} y={dialog.y} />;
    case 'keys':
      return <KeySheet />;
    case 'meanings':
      return <MeaningsDialog />;
    case 'palette':
      return <CommandPalette />;
    default:
      return assertNever(dialog);
  }
}
