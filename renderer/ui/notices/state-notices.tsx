import { setState, useStore } from '../../state/store.ts';
import { Icon } from '../icon.tsx';
import { Untrusted } from '../text.tsx';

/** Says what of an earlier run was not taken over, until it is dismissed. */
export function StateNotices() {
  const notices = useStore(state => state.notices);
  if (notices.length === 0) return null;
  return (
    <section className="notice" aria-label="Stored settings">
      <Icon name="warning" />
      <div className="notice-texts">
        {notices.map(text => (
          <p key={text}>
            <Untrusted text={text} max={400} />
          </p>
        ))}
      </div>
      <button type="button" onClick={() => setState({ notices: [] })}>
        Dismiss
      </button>
    </section>
  );
}
