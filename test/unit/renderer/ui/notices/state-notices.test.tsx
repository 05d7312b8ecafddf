import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { setState } from '../../../../../renderer/state/store.ts';
import { StateNotices } from '../../../../../renderer/ui/notices/state-notices.tsx';

test('says what was not taken over until it is dismissed', () => {
  setState({ notices: ['One starts empty.', 'Another is left.'] });
  render(<StateNotices />);
  const notice = screen.getByRole('region', { name: 'Stored settings' });
  expect(notice.textContent).toContain('One starts empty.');
  expect(notice.textContent).toContain('Another is left.');
  fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('region')).toBeNull();
});
