import { useEffect } from 'react';
import { addFollower, type FollowPace } from '../../canvas/followers.ts';

/** Calls `run` after frames at a pace; it must be stable between renders unless what it follows changed. */
export function useFollower(pace: FollowPace, run: () => void): void {
  useEffect(() => addFollower(pace, run), [pace, run]);
}
