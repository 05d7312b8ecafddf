export const WINDOW_LIBRARIES: readonly string[];
export const WINDOW_PROGRAM: string;
