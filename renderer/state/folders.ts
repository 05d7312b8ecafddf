/** Opening and closing folders of images. */
import { NewestRun } from '../../shared/newest-run.ts';
import { invoke } from '../bridge/bridge.ts';
import { closeChain } from './chain/opening.ts';
import { getState, setState } from './store.ts';

/** Openings begun: only the newest one shows its folders. */
const openings = new NewestRun();

/** Shows the dialog that chooses folders, and opens what was chosen. */
export async function chooseFolders(): Promise<void> {
  const reply = await invoke('dialog:openFolders', undefined);
  if (!reply.ok) setState({ error: reply.error });
  else if (reply.value.length > 0) await openFolders(reply.value);
}

/** Shows the images of folders in place of what is open. When that fails, what is open stays and the error is shown. */
export async function openFolders(folders: readonly string[]): Promise<void> {
  const isNewest = openings.begin();
  setState({ openingFolders: folders, error: undefined, failed: undefined, dialog: undefined });
  const reply = await invoke('store:open', { folders });
  if (!isNewest()) return;
  if (!reply.ok) {
    setState({ openingFolders: undefined, error: reply.error });
    return;
  }
  if (getState().chain !== undefined) await closeChain();
  setState({
    openingFolders: undefined,
    folders: reply.value,
    announcement: `${reply.value.images} images in these folders`,
  });
}

/** Ends a scan under way, or goes back to the start screen. */
export function closeFolders(): void {
  openings.end();
  setState({ openingFolders: undefined, folders: undefined, error: undefined });
  void invoke('store:close', undefined);
}
