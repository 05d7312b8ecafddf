/** What is said of a capture that is not whole. */
import { expect, it } from 'vitest';
import { capturedFindings } from '../../../../electron/chain/captured/captured-findings.ts';

const WHOLE = { captured: 2 ** 20, unchanged: true, left: 0, unread: [], unreadBytes: 0 };

it('says nothing of a whole capture of a file that did not change', () => {
  expect(capturedFindings(WHOLE)).toEqual([]);
});

it('says that the file changed meanwhile, what could not be read and that tables were left out, as hazards', () => {
  const unread = [[65_536, 4096]] as const;
  const found = capturedFindings({ ...WHOLE, unchanged: false, left: 512, unread, unreadBytes: 4096 });
  expect(found.map(({ code, severity }) => [code, severity])).toEqual([
    ['CAPTURE_CHANGED', 'hazard'],
    ['CAPTURE_UNREAD', 'hazard'],
    ['CAPTURE_LEFT_OUT', 'hazard'],
  ]);
  expect(found[1]).toMatchObject({ what: expect.stringMatching(/^4 KiB of its tables/), host: unread });
});
