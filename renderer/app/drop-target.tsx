import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { pathOfDropped } from '../bridge/bridge.ts';
import { openGivenFiles } from '../state/chain/opening.ts';
import { compareWithFiles, isComparing } from '../state/compare/comparison.ts';
import { openFolders } from '../state/folders.ts';
import { getState, setState } from '../state/store.ts';

/** Opens files that are dropped anywhere in the window. */
export function DropTarget({ children }: { readonly children: ReactNode }) {
  const [count, setCount] = useState(0);
  // Entering a child leaves its parent: only the last leave counts.
  const depth = useRef(0);

  const carried = (event: DragEvent) =>
    [...event.dataTransfer.items].filter(item => item.kind === 'file').length;

  const onEnter = (event: DragEvent) => {
    if (carried(event) === 0) return;
    depth.current++;
    setCount(carried(event));
  };
  const onLeave = () => {
    depth.current = Math.max(0, depth.current - 1);
    if (depth.current === 0) setCount(0);
  };
  const onOver = (event: DragEvent) => {
    if (carried(event) === 0) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    depth.current = 0;
    setCount(0);
    const isFolder = [...event.dataTransfer.items].some(
      item => item.webkitGetAsEntry()?.isDirectory === true,
    );
    const paths = [...event.dataTransfer.files].map(pathOfDropped).filter(path => path !== '');
    if (paths.length > 0 && isFolder) void openFolders(paths);
    else if (paths.length > 0 && isComparing()) void compareWithFiles(paths);
    else if (paths.length > 0) openGivenFiles(paths);
    else if (getState().error === undefined) setState({ error: NOT_A_FILE });
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files can also be opened with the keyboard
    <div className="app" onDragEnter={onEnter} onDragLeave={onLeave} onDragOver={onOver} onDrop={onDrop}>
      {children}
      {count > 0 && (
        <div className="drop-veil" role="status">
          <p>
            Release to {isComparing() ? 'compare with' : 'open'} {count === 1 ? 'the file' : `${count} files`}
          </p>
        </div>
      )}
    </div>
  );
}

const NOT_A_FILE = {
  code: 'WINDOW_NOT_A_FILE',
  what: 'What was dropped is not a file on this computer',
  subject: '',
  advice: 'save it first, then drop the saved file',
} as const;
