/** Files that are bundled as their text. */
declare module '*.py?raw' {
  const text: string;

  // biome-ignore lint/style/noDefaultExport: the bundler gives the text so
  export { text as default };
}
