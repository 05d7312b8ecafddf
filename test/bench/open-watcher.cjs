// Loaded before the program itself: ends it in the frame in which a lane of its picture shows what was read.
const { app } = require('electron');

process.argv.splice(process.argv.indexOf('-r'), 2); // the program takes the first plain word for its own folder

const painted = `new Promise(done => {
  const shown = canvas => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const { data } = canvas.getContext('2d').getImageData(0, canvas.height >> 2, canvas.width, 1);
    const row = new Uint32Array(data.buffer);
    return row.some(pixel => pixel !== row[0]) || (row[0] & 0xffffff) !== 0xffffff;
  };
  const look = () => [...document.querySelectorAll('.lane canvas')].some(shown) ? done() : requestAnimationFrame(look);
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
