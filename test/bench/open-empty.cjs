// What Electron costs by itself: a window with a page of one word, and the frame in which it is painted.
const { app, BrowserWindow } = require('electron');

app.disableHardwareAcceleration();
app.whenReady().then(async () => {
  const window = new BrowserWindow({ width: 1280, height: 800, show: false });
  window.once('ready-to-show', () => window.show());
  await window.loadURL('data:text/html,<p>empty');
  const twoFrames = 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))';
  await window.webContents.executeJavaScript(twoFrames);
  console.log('BENCH-PAINTED');
  app.exit(0);
});
