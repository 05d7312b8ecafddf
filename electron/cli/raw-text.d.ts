/** Files that are bundled as their text. */
declare module '*.py?raw' {
  const text: string;
  export { text as default };
}
