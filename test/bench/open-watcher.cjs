// Loaded before the program itself: ends it in the frame in which a lane of its picture shows what was read.
// The bench puts the function pictureShown above this.
const { app } = require('electron');

process.argv.splice(process.argv.indexOf('-r'), 2); // the program takes the first plain word for its own folder

const painted = `new Promise(done => {
  const shown = ${pictureShown};
  const look = () => shown() ? done() : requestAnimationFrame(look);
  look();
})`;

app.disableHardwareAcceleration(); // the same on every machine, and for both
app.on('browser-window-created', (_event, { webContents }) => {
  webContents.once('dom-ready', () => {
    webContents.executeJavaScript(painted).then(() => {
      console.log('BENCH-PAINTED');
      app.exit(0);
    });
  });
});
